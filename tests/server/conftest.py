"""What the server's tests share: a running server, and a small client that says what it wants."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import anyio
import orjson
import pytest
from anyio.from_thread import start_blocking_portal
from multidict import CIMultiDictProxy
from yarl import URL

from asyncclean.server.embedded import running

COLUMNS = {"name": 0, "age": 1, "height": 2, "alive": 3, "born": 4}


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: "CIMultiDictProxy[str]"
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)

    @property
    def errors(self) -> dict[str, list[str]]:
        """The messages by field, of a refusal."""
        assert self.headers["Content-Type"] == "application/problem+json", self.body
        errors: dict[str, list[str]] = self.json.get("errors", {})
        return errors


class Api:
    """Calls of the API on one server."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self.url = url
        self.session = session

    async def call(self, method: str, path: str | URL, document: Any = None, **more: Any) -> Answer:
        if document is not None:
            more["json"] = document
        url = path if isinstance(path, URL) else self.url + path
        async with self.session.request(method, url, **more) as response:
            return Answer(response.status, response.headers, await response.read())

    async def done(self, method: str, path: str | URL, document: Any = None, **more: Any) -> Any:
        """The answer's document; fails when the call was refused."""
        answer = await self.call(method, path, document, **more)
        assert answer.status < 300, (answer.status, answer.body)
        return answer.json if answer.body else None

    async def put_block(self, name: str, number: int, records: list[Any]) -> Answer:
        return await self.call("PATCH", f"/Dataset/{name}/data", {"blockNumber": number, "records": records})

    async def dataset(
        self, name: str, *blocks: list[dict[str, Any]], columns: dict[str, int] | None = None
    ) -> None:
        """A complete dataset of these blocks."""
        await self.done("POST", "/Dataset", {"name": name, "columns": columns or COLUMNS})
        for number, records in enumerate(blocks, 1):
            answer = await self.put_block(name, number, records)
            assert answer.status == 204, answer.body
        count = sum(len(records) for records in blocks)
        await self.done("PUT", f"/Dataset/{name}", {"recordCount": count, "completed": True})

    async def start(self, name: str, dataset: str, workflow: str = "PassThrough", **parameters: str) -> Any:
        job = {
            "name": name,
            "workflowName": workflow,
            "inputDatasets": {"Contacts": dataset},
            "parameters": parameters,
        }
        return await self.done("POST", "/Job", job)

    async def job_when(self, name: str, fits: Callable[[Any], bool]) -> Any:
        """The job once it is so; asked for every 10 ms, as there is nothing else to wait for."""
        while not fits(job := await self.done("GET", f"/Job/{name}")):  # noqa: ASYNC110
            await anyio.sleep(0.01)
        return job

    async def end_of(self, name: str) -> Any:
        """The job once it has ended."""
        return await self.job_when(name, lambda job: job["completedAt"] is not None)

    async def records(self, name: str) -> list[Any]:
        """All records of an output."""
        records: list[Any] = []
        while page := await self.done("GET", f"/Dataset/{name}/data?start={len(records) + 1}&count=1000"):
            records += page
        return records


@asynccontextmanager
async def api(data: Path, **settings: Any) -> AsyncIterator[Api]:
    """A server over ``data``, and calls on it."""
    async with running(data, **settings) as url, aiohttp.ClientSession() as session:
        yield Api(url, session)


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Api]:
    async with api(tmp_path / "data", workers=1) as calls:
        yield calls


@pytest.fixture(scope="module")
def threaded_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server's URL, for clients that block."""
    data = tmp_path_factory.mktemp("server") / "data"
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(running(data, workers=1)) as url,
    ):
        yield url
