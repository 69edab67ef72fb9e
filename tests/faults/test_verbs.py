"""The single calls of a client in any order, under faults, stops and restarts, held against a model.

`test_life` has the main job as a whole; here its parts are called one by one, as programs call them. Requests
are repeated until they get through: a call ends as if there were no faults, whatever befell it on its way.
"""

import tempfile
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import anyio
import pytest
from anyio.from_thread import start_blocking_portal
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from asyncclean import Client
from asyncclean.api.models import Dataset, JobRequest
from asyncclean.errors import (
    JobCancelledError,
    JobWaitTimeoutError,
    JournalError,
    NotFoundError,
    RejectedError,
    UsageError,
    VerificationError,
)
from asyncclean.kinds import ColumnKind
from asyncclean.server.embedded import running
from asyncclean.transfer import collect, upload
from asyncclean.transfer.awaiting import PollSchedule
from tests.faults.proxy import look_on, proxied
from tests.faults.runs import PATIENT
from tests.faults.schedules import WEIGHTS, Kind, Randomly, Request, never

T = TypeVar("T")

KINDS: dict[str, ColumnKind] = {"number": "text", "note": "text"}

DATASETS = st.sampled_from(["one", "two", "three"])
JOBS = st.sampled_from(["first job", "second job", "third job"])
FILES = [0, 700, 2300]
"""Records of the files that there are to send."""

STOPS = st.none() | st.integers(0, 14)
"""The request at which a call is cancelled, if it comes to that."""

LEFT_OUT: frozenset[Kind] = frozenset({"stall before", "stall after", "429", "429 soon", "401"})
"""Those that cost time, and the refused tokens: there are none here."""

QUICK: dict[Kind, float] = {kind: weight for kind, weight in WEIGHTS.items() if kind not in LEFT_OUT}


@dataclass(slots=True)
class Held:
    """An input dataset as it should be. ``records``: those of the file that it holds, or is to hold.

    ``partly``: its upload was stopped. It is there as far as it got, and so is its journal.
    """

    records: int
    completed: bool = False
    partly: bool = False


@dataclass(slots=True)
class Started:
    """A job as it should be. ``over``: how it is known to have ended."""

    dataset: str
    records: int
    over: str = ""


class Stopped(Exception):
    """The call was cancelled."""


class Verbs(RuleBasedStateMachine):
    """A server behind a proxy, three files, and three names for datasets and jobs each."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory(prefix="asyncclean-verbs-")))
        self.portal = self.stack.enter_context(start_blocking_portal())
        self.server = self.stack.enter_context(ExitStack())
        self.held: dict[str, Held] = {}
        self.started: dict[str, Started] = {}
        self.seed = 0
        self.rate = 0.0

    @initialize()
    def begin(self) -> None:
        """Nothing is there but the files."""
        for records in FILES:
            rows = [f"{number:05},note {number * 7919 % 10007}\n" for number in range(records)]
            self.file(records).write_text("".join(["number,note\n", *rows]))
        self.proxy = self.stack.enter_context(self.portal.wrap_async_context_manager(proxied(self.serve())))

    def serve(self) -> str:
        running_server = running(self.folder / "data", workers=1)
        return self.server.enter_context(self.portal.wrap_async_context_manager(running_server))

    def file(self, records: int) -> Path:
        return self.folder / f"{records}.csv"

    def journal(self, name: str) -> Path:
        return self.folder / f"{name}.journal"

    def call(self, do: Callable[[Client], Awaitable[T]], *, stop_at: int | None = None) -> T:
        """What a call gives, with the faults that there are now. Raises Stopped where it is cancelled."""
        self.seed += 1
        self.proxy.schedule = Randomly(self.seed, self.rate, QUICK) if self.rate else never
        self.proxy.refuse_no_more()
        self.proxy.renumber()

        async def attempt() -> T:
            with anyio.CancelScope() as scope:

                async def stop(request: Request) -> None:
                    if request.number == stop_at:
                        scope.cancel()

                self.proxy.after = stop
                async with Client(self.proxy.url, retry=PATIENT, max_block_bytes=6000) as client:
                    return await do(client)
            raise Stopped

        try:
            return self.portal.call(attempt)
        finally:
            self.proxy.schedule, self.proxy.after = never, look_on

    def at_the_service(self, name: str) -> Dataset | None:
        """The dataset as it is, whatever faults there are for others."""
        rate, self.rate = self.rate, 0.0
        try:
            return self.call(lambda client: client.datasets.get(name))
        except NotFoundError:
            return None
        finally:
            self.rate = rate

    @rule(rate=st.sampled_from([0.0, 0.2, 0.2, 0.4]))
    def faults(self, rate: float) -> None:
        self.rate = rate

    @rule()
    def restart_the_server(self) -> None:
        self.server.close()
        self.proxy.upstream = self.serve()

    @rule(name=DATASETS)
    def create(self, name: str) -> None:
        held = self.held.get(name)
        if held is not None and held.partly:
            return  # Whether it is there is not known.
        try:
            made = self.call(lambda client: client.datasets.create(name, KINDS))
        except RejectedError:
            assert held is not None, "the name was free"
        except UsageError:
            assert held is not None
            assert self.rate
        else:
            assert made.columns == KINDS
            if held is None:
                self.held[name] = Held(0)
            else:
                assert self.rate, "one that is there is taken for ours only in doubt"

    @rule(name=DATASETS, records=st.sampled_from(FILES), complete=st.booleans(), stop_at=STOPS)
    def upload(self, name: str, records: int, stop_at: int | None, *, complete: bool) -> None:
        """A new one, or one that was stopped."""
        held = self.held.get(name)
        try:
            summary = self.call(
                lambda client: client.upload(
                    self.file(records), name, complete=complete, journal=self.journal(name)
                ),
                stop_at=stop_at,
            )
        except Stopped:
            if held is None and self.journal(name).exists():
                self.held[name] = Held(records, partly=True)
            # Without a journal nothing was done: the invariant sees to it.
        except JournalError:
            assert held is not None
            assert held.partly
            assert held.records != records, "it was begun with this file"
        except UsageError:
            assert held is not None, "the name was free"
            assert not held.partly, "it was this call's own"
        else:
            assert held is None or held.partly, "there was a dataset, and it was not this call's"
            if held is not None:
                assert held.records == records
            assert summary.records_accepted == records
            assert not self.journal(name).exists()
            there = self.at_the_service(name)
            assert there is not None
            self.held[name] = Held(records, completed=complete or there.completed)

    @rule(name=DATASETS, wrong_by=st.sampled_from([0, 0, 1]))
    def complete(self, name: str, wrong_by: int) -> None:
        held = self.held.get(name)
        if held is not None and held.partly:
            return
        count = wrong_by + (0 if held is None else held.records)
        try:
            done = self.call(lambda client: client.datasets.complete(name, count))
        except NotFoundError:
            assert held is None
        except (RejectedError, VerificationError):
            assert held is not None
            assert wrong_by
        else:
            assert held is not None
            assert not wrong_by
            assert done.completed
            held.completed = True

    @rule(name=DATASETS)
    def delete(self, name: str) -> None:
        held = self.held.get(name)
        there = self.at_the_service(name) is not None
        try:
            self.call(lambda client: client.datasets.delete(name))
        except NotFoundError:
            assert not there
        except RejectedError:
            assert any(job.dataset == name and not job.over for job in self.started.values())
        else:
            assert there or self.rate
            if held is not None and not held.partly:
                del self.held[name]

    @rule(name=JOBS, dataset=DATASETS)
    def start(self, name: str, dataset: str) -> None:
        held, before = self.held.get(dataset), self.started.get(name)
        there = self.at_the_service(dataset)
        ready = there is not None and there.completed
        request = JobRequest(name=name, workflow="PassThrough", inputs={"Contacts": dataset})
        try:
            job = self.call(lambda client: client.jobs.start(request))
        except RejectedError:
            assert before is not None or not ready
        except UsageError:
            assert self.rate
            assert before is not None
            assert before.dataset != dataset
        else:
            assert job.name == name
            assert dict(job.inputs) == {"Contacts": dataset}
            if before is None:
                assert ready
                assert held is not None
                self.started[name] = Started(dataset, held.records)
            else:
                assert self.rate
                assert before.dataset == dataset

    @rule(name=JOBS, timeout=st.sampled_from([0.0, None]))
    def wait(self, name: str, timeout: float | None) -> None:
        job = self.started.get(name)
        try:
            done = self.call(lambda client: client.await_job(name, timeout=timeout))
        except NotFoundError:
            assert job is None
        except JobWaitTimeoutError:
            assert job is not None
            assert timeout is not None
            assert not job.over, "it has neither to be waited for nor to be cancelled"
        except JobCancelledError:
            assert job is not None
            assert job.over == "cancelled"
        else:
            assert job is not None
            assert job.over != "cancelled"
            made = self.at_the_service(done.outputs["Contacts"])
            assert made is not None
            assert (made.record_count, made.completed) == (job.records, True)
            job.over = "completed"

    @rule(name=JOBS)
    def cancel(self, name: str) -> None:
        job = self.started.get(name)
        try:
            self.call(lambda client: client.jobs.cancel(name))
        except NotFoundError:
            assert job is None
        except RejectedError:
            assert job is not None
            job.over = job.over or "completed"
        else:
            assert job is not None
            assert job.over != "completed"
            assert job.over == "" or self.rate
            job.over = "cancelled"

    @precondition(lambda self: any(job.over == "completed" for job in self.started.values()))
    @rule(stop_at=STOPS, data=st.data())
    def download(self, stop_at: int | None, data: st.DataObject) -> None:
        """What a job has made is what was sent, byte for byte, however often the call was stopped."""
        name = data.draw(st.sampled_from([n for n, job in self.started.items() if job.over == "completed"]))
        job = self.started[name]
        output = self.folder / f"{name}.csv"

        async def do(client: Client) -> None:
            found = await client.jobs.get(name)
            await client.download(found.outputs["Contacts"], output)

        try:
            self.call(do, stop_at=stop_at)
        except Stopped:
            if not output.exists():
                return
        assert output.read_bytes() == self.file(job.records).read_bytes()
        output.unlink()

    @invariant()
    def the_service_holds_what_it_should(self) -> None:
        for name in ("one", "two", "three"):
            held, there = self.held.get(name), self.at_the_service(name)
            if held is None:
                assert there is None, "nothing is made that no journal knows of"
            elif held.partly:
                assert self.journal(name).exists()
                assert there is None or there.record_count <= held.records
                assert there is None or not there.completed or there.record_count == held.records
            else:
                assert there is not None
                assert (there.record_count, there.completed) == (held.records, held.completed)

    def teardown(self) -> None:
        self.server.close()
        self.stack.close()


TestVerbs = Verbs.TestCase
TestVerbs.settings = settings(
    max_examples=8,
    stateful_step_count=30,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)


class LongVerbs(Verbs):
    """The same, for longer."""


TestLongVerbs = pytest.mark.long(pytest.mark.timeout(7200)(LongVerbs.TestCase))
TestLongVerbs.settings = settings(
    parent=TestVerbs.settings, max_examples=300, stateful_step_count=60, derandomize=False
)


@pytest.fixture(autouse=True)
def _record_and_look_at_every_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload, "RECORD_S", 0.0)
    monkeypatch.setattr(collect, "CHECKPOINT_S", 0.0)
    monkeypatch.setattr(PollSchedule.__init__, "__defaults__", (0.02,))
