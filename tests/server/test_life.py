"""Any sequence of calls, compared with a model of the service kept in plain dictionaries."""

from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import requests
from anyio.from_thread import start_blocking_portal
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from asyncclean.server.embedded import running

NAMES = ["a", "b", "c"]
COLUMNS = {"text": 0, "number": 1}

records = st.lists(
    st.fixed_dictionaries(
        {}, optional={"text": st.none() | st.text(max_size=5), "number": st.none() | st.integers(-9, 9)}
    ),
    max_size=4,
)


@dataclass(slots=True)
class Model:
    """A dataset as it should be. ``blocks``: records by block number; an output has one block."""

    blocks: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    input: bool = True
    completed: bool = False

    @property
    def records(self) -> list[dict[str, Any]]:
        return [record for _, records in sorted(self.blocks.items()) for record in records]


class Life(RuleBasedStateMachine):
    """Drives a real server, stopped and started again now and then."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.portal = start_blocking_portal()
        self.caller = self.portal.__enter__()
        self.session = requests.Session()
        self.datasets: dict[str, Model] = {}
        self.jobs: list[str] = []
        self.start_server()

    def start_server(self) -> None:
        data = Path(self.folder.name) / "data"
        self.server = self.caller.wrap_async_context_manager(running(data, workers=1))
        self.url = self.server.__enter__()

    def call(self, method: str, path: str, document: Any = None) -> tuple[int, Any]:
        answer = self.session.request(method, self.url + path, json=document, timeout=30)
        return answer.status_code, answer.json() if answer.content else None

    @initialize()
    def create_one(self) -> None:
        self.create("a")

    @rule(name=st.sampled_from(NAMES))
    def create(self, name: str) -> None:
        status, _ = self.call("POST", "/Dataset", {"name": name, "columns": COLUMNS})
        assert status == (400 if name in self.datasets else 201)
        self.datasets.setdefault(name, Model())

    @rule(name=st.sampled_from(NAMES), number=st.integers(0, 3), records=records)
    def put_block(self, name: str, number: int, records: list[dict[str, Any]]) -> None:
        status, _ = self.call("PATCH", f"/Dataset/{name}/data", {"blockNumber": number, "records": records})
        model = self.datasets.get(name)
        if model is None:
            assert status == 404
        elif model.completed:
            assert status == 400
        else:
            assert status == 204
            model.blocks[number] = records

    @rule(name=st.sampled_from(NAMES), off=st.sampled_from([0, 0, 0, 1]))
    def complete(self, name: str, off: int) -> None:
        model = self.datasets.get(name)
        count = (len(model.records) if model else 0) + off
        status, _ = self.call("PUT", f"/Dataset/{name}", {"recordCount": count, "completed": True})
        if model is None:
            assert status == 404
        elif model.completed or off:
            assert status == 400
        else:
            assert status == 200
            model.completed = True

    @rule(name=st.sampled_from(NAMES))
    def run_a_job(self, name: str) -> None:
        job = f"job {len(self.jobs)}"
        body = {"name": job, "workflowName": "PassThrough", "inputDatasets": {"Contacts": name}}
        status, _ = self.call("POST", "/Job", body)
        model = self.datasets.get(name)
        if model is None or not model.completed:
            assert status == 400
            return
        assert status == 201
        while (shown := self.call("GET", f"/Job/{job}")[1])["completedAt"] is None:
            pass
        assert (shown["status"], shown["statistics"].get("records", 0)) == (2, len(model.records))
        self.jobs.append(job)
        output = shown["outputDatasets"]["Contacts"]
        assert output not in self.datasets
        self.datasets[output] = Model({0: model.records}, input=False, completed=True)

    @precondition(lambda self: self.datasets)
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.datasets)))
        assert self.call("DELETE", f"/Dataset/{name}")[0] == 204
        del self.datasets[name]

    @rule()
    def restart(self) -> None:
        self.server.__exit__(None, None, None)
        self.start_server()

    @invariant()
    def all_is_as_it_should_be(self) -> None:
        listed = self.call("GET", "/Dataset")[1]
        assert [(one["name"], one["input"]) for one in listed] == [
            (name, model.input) for name, model in sorted(self.datasets.items())
        ]
        for name, model in self.datasets.items():
            shown = self.call("GET", f"/Dataset/{name}")[1]
            assert shown == {
                "name": name,
                "columns": COLUMNS,
                "input": model.input,
                "recordCount": len(model.records),
                "completed": model.completed,
            }
            status, found = self.call("GET", f"/Dataset/{name}/data?start=1&count=1000")
            assert (status, found if status == 200 else None) == (
                (400, None) if model.input else (200, model.records)
            )
        assert [job["name"] for job in self.call("GET", "/Job")[1]] == self.jobs[::-1]

    def teardown(self) -> None:
        self.session.close()
        self.server.__exit__(None, None, None)
        self.portal.__exit__(None, None, None)
        self.folder.cleanup()


TestLife = Life.TestCase
TestLife.settings = settings(
    max_examples=12,
    stateful_step_count=30,
    derandomize=True,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
