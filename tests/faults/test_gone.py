"""An unfinished run whose service has meanwhile dropped what it stands on: its job, its input, its output.

The same call again goes on, and what comes out is exact: of one run of a job, never of two. Where it cannot
go on it says what to do; it never tries for ever.
"""

import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import pytest

from asyncclean.api.models import JobRequest
from asyncclean.errors import NotFoundError
from asyncclean.events import Event, Note, Progress
from asyncclean.server.embedded import running
from asyncclean.summary import DownloadSummary, Summary
from asyncclean.transfer import collect, download
from asyncclean.transfer.journal import Journal, journal_path
from tests.faults.exact import CREDENTIALS
from tests.faults.messages import Message
from tests.faults.proxy import Proxy, an_answer, as_it_is, look_on, no_stricter, proxied
from tests.faults.runs import client, write_input
from tests.faults.schedules import Request

pytestmark = pytest.mark.anyio

RECORDS = 12_000
PAGES = 12

INPUT = "data_in"


@pytest.fixture(autouse=True)
def _checkpoint_at_every_write(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collect, "CHECKPOINT_S", 0.0)
    monkeypatch.setattr(download, "TELL_S", 0.0)


@dataclass(slots=True)
class World:
    """A service that can lose things, the proxy before it, and one run's files."""

    proxy: Proxy
    data: Path
    folder: Path
    told: list[str] = field(default_factory=list)
    stop_at_pages: anyio.CancelScope | None = None

    @property
    def source(self) -> Path:
        return self.folder / "in.csv"

    @property
    def output(self) -> Path:
        return self.folder / "out.csv"

    def listen(self, event: Event) -> None:
        match event:
            case Note(text):
                self.told.append(text)
            case Progress("download") if self.stop_at_pages is not None:
                self.stop_at_pages.cancel()
            case _:
                pass

    async def clean(self, **options: Any) -> Summary:
        self.told.clear()
        async with client(self.proxy.url) as opened:
            return await opened.clean(
                self.source,
                self.output,
                workflow=options.pop("workflow", "PassThrough"),
                dataset=INPUT,
                listener=self.listen,
                **options,
            )

    async def download(self, dataset: str) -> DownloadSummary:
        self.told.clear()
        async with client(self.proxy.url) as opened:
            return await opened.download(dataset, self.output, listener=self.listen)

    async def stop(self, at: str, run: Callable[[], Awaitable[object]], *, count: int = 1) -> None:
        """Cancel a run when so many answers to such requests are on their way."""
        with anyio.CancelScope() as scope:
            seen = 0

            async def look(request: Request) -> None:
                nonlocal seen
                seen += request.matches(at)
                if seen == count:
                    scope.cancel()

            self.proxy.after = look
            await run()
        self.proxy.after = look_on
        assert scope.cancelled_caught

    async def stop_fetching(self, run: Callable[[], Awaitable[object]]) -> None:
        """Cancel a run when the first pages are in the file."""
        with anyio.CancelScope() as self.stop_at_pages:
            await run()
        assert self.stop_at_pages.cancelled_caught
        self.stop_at_pages = None
        assert 0 < self.pages_in_part() < PAGES

    async def delete(self, *datasets: str) -> None:
        async with client(self.proxy.url) as opened:
            for dataset in datasets:
                await opened.datasets.delete(dataset)

    async def outputs(self) -> list[str]:
        """The names of the datasets that jobs have made."""
        async with client(self.proxy.url) as opened:
            return [one.name for one in await opened.datasets.list(inputs=False)]

    async def jobs(self) -> list[str]:
        async with client(self.proxy.url) as opened:
            return [job.name for job in await opened.jobs.list()]

    async def finish(self, job: str) -> None:
        async with client(self.proxy.url) as opened:
            await opened.await_job(job)

    def lose_jobs(self) -> None:
        """What the embedded server never does by itself: it knows no finished job any more."""
        with closing(sqlite3.connect(self.data / "store.sqlite")) as db, db:
            db.execute("DELETE FROM jobs WHERE completed IS NOT NULL")

    def exact(self) -> bool:
        return self.output.read_bytes() == self.source.read_bytes()

    def names(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir())

    def pages_in_part(self) -> int:
        journal = Journal(journal_path(self.output))
        try:
            facts = [value for name, value in journal.facts().items() if name.startswith("output:")]
        finally:
            journal.close()
        return sum(value.get("pages", 0) for value in facts)


@asynccontextmanager
async def world(tmp_path: Path) -> AsyncIterator[World]:
    folder = tmp_path / "files"
    folder.mkdir()
    write_input(folder / "in.csv", RECORDS, bad=False)
    async with running(tmp_path / "data", credentials=CREDENTIALS, workers=1) as url, proxied(url) as proxy:
        yield World(proxy, tmp_path / "data", folder)


POSTED = "POST /Job"
ASKED = "GET /Job/"
PAGE = "GET /Dataset/.*/data"


def other_workflow(message: Message) -> Message:
    """The job runs otherwise than it was asked for: what it gives has other bytes than a later run's."""
    if not (message.method == "POST" and message.target == "/Job"):
        return message
    body = message.body.replace(b'"PassThrough"', b'"ContactCleanse"')
    assert len(body) == len(message.body) + 3
    before, after = (b"Content-Length: %d\r\n" % len(each.body) for each in (message, Message(b"", body)))
    assert before in message.head
    return Message(message.head.replace(before, after), body)


def page_not_found(message: Message) -> bytes | None:
    """Something else has the service's place for a while; tokens come from elsewhere."""
    if message.target == "/connect/token":
        return None
    return an_answer("404 Not Found", b"<html>nothing here</html>", "text/html")


async def test_a_job_that_is_gone_is_started_again_under_its_name(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        # The first answer is that there is none yet, the second that it is on its way.
        await here.stop(ASKED, here.clean, count=2)
        (job,) = await here.jobs()
        await here.finish(job)
        here.lose_jobs()
        summary = await here.clean()
        assert await here.jobs() == [job] == [summary.job]
        assert len(await here.outputs()) == 2
        assert here.proxy.count(POSTED) == 2
    assert here.told.count(f"The job {job!r} is gone from the service: the job is started again.") == 1
    assert summary.blocks_resumed == summary.blocks == here.proxy.count("PATCH /Dataset")
    assert here.exact()
    assert here.names() == ["in.csv", "out.csv"]


async def test_a_job_that_is_gone_is_not_missed_where_its_output_is_still_there(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        await here.stop_fetching(here.clean)
        here.lose_jobs()
        summary = await here.clean()
        assert here.proxy.count(POSTED) == 1
    assert summary.pages_resumed > 0
    assert summary.statistics["records"] == RECORDS
    assert here.exact()


@pytest.mark.parametrize("job_too", [False, True])
@pytest.mark.parametrize("input_too", [False, True])
@pytest.mark.parametrize("begun", [False, True])
async def test_an_output_that_is_gone_is_made_again_and_not_one_page_of_the_first_is_kept(
    begun: bool, input_too: bool, job_too: bool, tmp_path: Path
) -> None:
    async with world(tmp_path) as here:
        here.proxy.rewrite = other_workflow
        await (here.stop_fetching(here.clean) if begun else here.stop(PAGE, here.clean))
        here.proxy.rewrite = as_it_is
        (first,) = await here.jobs()
        await here.delete(*await here.outputs(), *([INPUT] if input_too else []))
        if job_too:
            here.lose_jobs()
        summary = await here.clean()
        jobs = await here.jobs()
    assert here.exact()
    assert summary.pages_resumed == 0
    assert summary.blocks_resumed == (0 if input_too else summary.blocks)
    if job_too:
        assert jobs == [first]
    else:
        assert set(jobs) == {first, summary.job}
        assert len(jobs) == 2
    assert here.names() == ["in.csv", "out.csv"]


async def test_an_output_that_goes_while_it_is_fetched_is_made_again_at_once(tmp_path: Path) -> None:
    async with world(tmp_path) as here:

        async def delete(request: Request) -> None:
            if request.matches(PAGE) and request.target.endswith("start=4001&count=1000"):
                here.proxy.before = look_on
                await here.delete(*await here.outputs())

        here.proxy.before = delete
        summary = await here.clean(verify=True)
        assert here.proxy.count(POSTED) == 2
    assert summary.blocks_resumed == 0
    assert summary.pages == PAGES
    assert here.exact()


async def test_what_keeps_vanishing_ends_the_run_and_not_the_data(tmp_path: Path) -> None:
    async with world(tmp_path) as here:

        async def delete(request: Request) -> None:
            if request.matches(PAGE):
                async with deleting:
                    await here.delete(*await here.outputs())

        deleting = anyio.Lock()
        here.proxy.before = delete
        with pytest.raises(NotFoundError, match="The same command starts the job again"):
            await here.clean()
        assert here.proxy.count(POSTED) == 2
        assert not here.output.exists()
        here.proxy.before = look_on
        summary = await here.clean()
    assert summary.blocks_resumed == summary.blocks
    assert here.exact()


async def test_a_job_with_a_name_of_its_user_s_own_is_not_run_again_under_another(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        await here.stop_fetching(lambda: here.clean(job="mine", workflow="ContactCleanse"))
        await here.delete(*await here.outputs())
        for _ in range(2):
            with pytest.raises(NotFoundError, match="The same command with another --job"):
                await here.clean(job="mine", workflow="ContactCleanse")
        assert await here.jobs() == ["mine"]
        summary = await here.clean(job="mine too")
    assert summary.blocks_resumed == summary.blocks
    assert summary.pages_resumed == 0
    assert here.exact()


async def test_an_input_that_is_gone_before_its_job_is_sent_anew(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        await here.stop(ASKED, here.clean)
        assert not await here.jobs()
        await here.delete(INPUT)
        summary = await here.clean()
    assert f"The dataset {INPUT!r} is gone from the service: it is sent anew." in here.told
    assert summary.blocks_resumed == 0
    assert here.exact()


async def test_an_input_that_is_gone_after_its_job_is_not_missed(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        await here.stop_fetching(here.clean)
        await here.delete(INPUT)
        summary = await here.clean()
        assert here.proxy.count("POST /Dataset$") == here.proxy.count(POSTED) == 1
    assert summary.blocks_resumed == summary.blocks
    assert summary.pages_resumed > 0
    assert here.exact()


@pytest.mark.parametrize("at", ["PUT /Dataset", ASKED, PAGE])
async def test_a_service_that_has_forgotten_everything_is_told_it_again(at: str, tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        await (here.stop_fetching(here.clean) if at == PAGE else here.stop(at, here.clean))
        async with running(tmp_path / "new", credentials=CREDENTIALS, workers=1) as url:
            here.proxy.upstream = url
            summary = await here.clean()
            await here.proxy.hang_up()
    assert summary.blocks_resumed == summary.pages_resumed == 0
    assert here.exact()
    assert here.names() == ["in.csv", "out.csv"]


@pytest.mark.parametrize("at", ["PATCH /Dataset", ASKED, PAGE])
async def test_what_is_not_the_service_cannot_make_a_run_forget(at: str, tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        await (here.stop_fetching(here.clean) if at == PAGE else here.stop(at, here.clean))
        sent, fetched = here.proxy.count("PATCH /Dataset"), here.pages_in_part()
        here.proxy.stricter = page_not_found
        for _ in range(2):
            with pytest.raises(NotFoundError):
                await here.clean()
        here.proxy.stricter = no_stricter
        assert not any("gone" in text for text in here.told)
        assert here.pages_in_part() == fetched
        summary = await here.clean()
    assert summary.blocks_resumed > 0
    assert here.proxy.count("PATCH /Dataset") - sent == summary.blocks - summary.blocks_resumed
    assert summary.pages_resumed >= fetched
    assert here.exact()


async def test_the_same_names_with_something_else_behind_them_are_not_mixed_with_the_first(
    tmp_path: Path,
) -> None:
    async with world(tmp_path) as here:
        here.proxy.rewrite = other_workflow
        await here.stop_fetching(lambda: here.clean(job="mine"))
        here.proxy.rewrite = as_it_is
        before = await here.outputs()
        await here.delete(*before)
        here.lose_jobs()
        async with client(here.proxy.url) as opened:
            await opened.jobs.start(JobRequest("mine", "PassThrough", {"Contacts": INPUT}))
            await opened.await_job("mine")
        assert await here.outputs() == before
        summary = await here.clean(job="mine")
    assert "The job 'mine' was run again by something else: all is fetched anew." in here.told
    assert summary.pages_resumed == 0
    assert here.exact()


async def test_a_download_of_what_is_another_by_now_is_begun_anew(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        async with client(here.proxy.url) as opened:
            await opened.upload(here.source, INPUT)
            await opened.jobs.start(JobRequest("mine", "ContactCleanse", {"Contacts": INPUT}))
            await opened.await_job("mine")
        (output,) = await here.outputs()
        await here.stop_fetching(lambda: here.download(output))
        await here.delete(output)
        with pytest.raises(NotFoundError, match="only its job can make again"):
            await here.download(output)
        here.lose_jobs()
        async with client(here.proxy.url) as opened:
            await opened.jobs.start(JobRequest("mine", "PassThrough", {"Contacts": INPUT}))
            await opened.await_job("mine")
        assert await here.outputs() == [output]
        summary = await here.download(output)
    assert here.told[-1] == f"The dataset {output!r} is another by now: it is fetched anew."
    assert summary.pages_resumed == 0
    assert here.output.read_text().splitlines()[0] == "customer_id,first_name,last_name,email,note"
