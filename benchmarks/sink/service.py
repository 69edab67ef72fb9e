"""The sink's answers: datasets, jobs and pages after the batch API, kept in memory. No sockets, no clock.

Any dataset named ``output_N`` is a completed output of N records, made of a few prepared pages in turn.
A job is completed at once and its output is as long as its inputs.
"""

import hashlib
import json
import re
import zlib
from dataclasses import dataclass, field
from typing import Any

PAGE = 1000
_OUTPUT = re.compile(r"output_(\d+)")
_TIME = "2000-01-01T00:00:00.0000000Z"


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back: a status and a JSON body."""

    status: int
    body: bytes = b""

    @classmethod
    def of(cls, document: object, status: int = 200) -> "Answer":
        return cls(status, json.dumps(document, separators=(",", ":")).encode())


def problem(status: int, title: str, **errors: str) -> Answer:
    """Problem details, as the API words them."""
    fields = {name: [message] for name, message in errors.items()}
    return Answer.of({"type": "about:blank", "title": title, "status": status, "errors": fields}, status)


@dataclass(slots=True)
class Dataset:
    """An input dataset: what it was said to be, and in check mode what each block held."""

    name: str
    columns: dict[str, int]
    records: int = 0
    completed: bool = False
    blocks: dict[int, tuple[int, bytes]] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "columns": self.columns,
            "input": True,
            "recordCount": self.records,
            "completed": self.completed,
        }

    def digest(self) -> str:
        """A checksum of all records in the order of their blocks, however they were cut into blocks."""
        checksums = b"".join(self.blocks[number][1] for number in sorted(self.blocks))
        return hashlib.sha256(checksums).hexdigest()


def _checksum(record: dict[str, Any]) -> bytes:
    filled = {column: value for column, value in record.items() if value not in (None, "")}
    return hashlib.blake2b(json.dumps(filled, sort_keys=True).encode(), digest_size=8).digest()


class Service:
    """The state behind the API's calls. ``pages``: the prepared pages, each a JSON array of 1,000 records."""

    def __init__(self, pages: list[bytes], *, check: bool = False) -> None:
        self.check = check
        self._pages = pages
        self._columns = dict.fromkeys(json.loads(pages[0])[0], 0) if pages else {}
        self._datasets: dict[str, Dataset] = {}
        self._jobs: dict[str, dict[str, Any]] = {}

    def reset(self) -> None:
        self._datasets.clear()
        self._jobs.clear()

    def contents(self) -> dict[str, Any]:
        """What the datasets hold, for those who check."""
        return {
            name: {
                "records": dataset.records,
                "completed": dataset.completed,
                "blocks": len(dataset.blocks),
                "records_seen": sum(count for count, _ in dataset.blocks.values()),
                "digest": dataset.digest(),
            }
            for name, dataset in self._datasets.items()
        }

    def answer(self, method: str, path: str, query: dict[str, str], body: bytes, encoding: str) -> Answer:
        """The answer to any request but a discarded block."""
        match method, *path.strip("/").split("/"):
            case "POST", "Dataset":
                answer = self._create(json.loads(body))
            case "GET", "Dataset":
                answer = self._list(query)
            case "GET", "Dataset", name:
                answer = self._show(name)
            case "PUT", "Dataset", name:
                answer = self._complete(name, json.loads(body))
            case "DELETE", "Dataset", name:
                known = self._datasets.pop(name, None)
                answer = Answer.of({}) if known else problem(404, "No such dataset")
            case "PATCH", "Dataset", name, "data":
                answer = self._keep(name, body, encoding)
            case "GET", "Dataset", name, "data":
                answer = self._page(name, int(query.get("start", "1")), int(query.get("count", str(PAGE))))
            case "POST", "Job":
                answer = self._start(json.loads(body))
            case "GET", "Job":
                jobs = list(reversed(self._jobs.values())) if query.get("page", "1") == "1" else []
                answer = Answer.of(jobs)
            case "GET", "Job", name:
                job = self._jobs.get(name)
                answer = Answer.of(job) if job else problem(404, "No such job")
            case _:
                answer = problem(404, "No such call")
        return answer

    def _list(self, query: dict[str, str]) -> Answer:
        names = sorted(self._datasets) if query.get("page", "1") == "1" else []
        return Answer.of([{"name": name, "input": True, "location": f"/Dataset/{name}"} for name in names])

    def _create(self, asked: dict[str, Any]) -> Answer:
        name = asked["name"]
        if name in self._datasets:
            return problem(400, "The dataset exists", name="is taken")
        dataset = self._datasets[name] = Dataset(name, asked["columns"])
        return Answer.of(dataset.as_dict())

    def _show(self, name: str) -> Answer:
        if output := _OUTPUT.fullmatch(name):
            records = int(output[1])
            shown = {"name": name, "columns": self._columns, "input": False, "recordCount": records}
            return Answer.of({**shown, "completed": True})
        dataset = self._datasets.get(name)
        return Answer.of(dataset.as_dict()) if dataset else problem(404, "No such dataset")

    def _complete(self, name: str, asked: dict[str, Any]) -> Answer:
        dataset = self._datasets.get(name)
        if dataset is None:
            return problem(404, "No such dataset")
        seen = sum(count for count, _ in dataset.blocks.values())
        if self.check and seen != asked["recordCount"]:
            return problem(400, "The count is wrong", recordCount=f"{asked['recordCount']} said, {seen} seen")
        dataset.records, dataset.completed = asked["recordCount"], True
        return Answer.of(dataset.as_dict())

    def _keep(self, name: str, body: bytes, encoding: str) -> Answer:
        """A block in check mode: counted, each record hashed by its values (empty and missing are one)."""
        # Scripts that only upload do not create one; when nothing is checked they need not either.
        dataset = self._datasets.setdefault(name, Dataset(name, {}))
        if encoding == "gzip":
            body = zlib.decompress(body, wbits=31)
        elif encoding:
            return Answer(415)
        block = json.loads(body)
        records = block["records"]
        dataset.blocks[block["blockNumber"]] = (len(records), b"".join(_checksum(r) for r in records))
        return Answer(200, b"{}")

    def _page(self, name: str, start: int, count: int) -> Answer:
        output = _OUTPUT.fullmatch(name)
        if output is None or not self._pages:
            return problem(404, "No such output dataset")
        if not 1 <= count <= PAGE or start < 1:
            return problem(400, "Out of range", count=f"must be 1 to {PAGE}")
        count = max(0, min(count, int(output[1]) - start + 1))
        page, offset = divmod(start - 1, PAGE)
        if offset == 0 and count == PAGE:
            return Answer(200, self._pages[page % len(self._pages)])
        both = [self._pages[(page + i) % len(self._pages)] for i in (0, 1)]
        records = [record for body in both for record in json.loads(body)][offset : offset + count]
        return Answer(200, json.dumps(records, separators=(",", ":"), ensure_ascii=False).encode())

    def _start(self, asked: dict[str, Any]) -> Answer:
        name = asked["name"]
        if name in self._jobs:
            return problem(400, "The job exists", name="is taken")
        inputs = asked.get("inputDatasets", {})
        records = sum(self._datasets[n].records for n in inputs.values() if n in self._datasets)
        job = {
            "name": name,
            "workflowName": asked["workflowName"],
            "submittedAt": _TIME,
            "completedAt": _TIME,
            "status": 2,
            "percentComplete": 100,
            "estimatedFinishTime": _TIME,
            "statistics": {"records": records},
            "inputDatasets": inputs,
            "outputDatasets": {"Output": f"output_{records}"},
            "parameters": asked.get("parameters", {}),
            "inputFilename": asked.get("inputFilename", ""),
            "outputFilenames": {},
        }
        self._jobs[name] = job
        return Answer.of(job)
