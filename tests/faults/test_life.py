"""The client's whole life as a state machine: cleans, kills, faults, edits, restarts, in any order.

The rules do things to a world of one server, one proxy and a few files; after every one of them, what must
always be true is checked: an output is there whole and exact, or not at all, and what can be gone on from
goes on to exactly what an undisturbed run gives.
"""

import os
import tempfile
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path

import anyio
import pytest
from anyio.from_thread import start_blocking_portal
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from asyncclean import Client, RetryPolicy
from asyncclean.errors import AsynccleanError, JournalError, OutputError
from asyncclean.server.embedded import running
from asyncclean.transfer import collect, upload
from asyncclean.transfer.awaiting import PollSchedule
from asyncclean.transfer.journal import journal_path
from tests.faults.proxy import look_on, proxied
from tests.faults.schedules import AMBIGUOUS, WEIGHTS, Randomly, Request, never

FEW = RetryPolicy(
    attempts=4,
    first_contact_attempts=4,
    base_s=0.0005,
    throttled_base_s=0.0005,
    cap_s=0.001,
    spread_s=0.0,
)
"""Gives up soon, so that faults end runs, too."""

MOSTLY = st.sampled_from([True, True, True, False])
RARELY = st.sampled_from([False, False, False, False, True])

QUICK = {kind: weight for kind, weight in WEIGHTS.items() if "stall" not in kind and "429" not in kind}


class Life(RuleBasedStateMachine):
    """One output file, ever written anew by cleans of inputs that change in between."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory(prefix="asyncclean-life-")))
        self.portal = self.stack.enter_context(start_blocking_portal())
        self.server = self.stack.enter_context(ExitStack())
        self.input = self.folder / "in.csv"
        self.output = self.folder / "out.csv"
        self.content = b""
        self.written: bytes | None = None
        self.edits = 0
        self.seed = 0

    @initialize(records=st.integers(0, 2200))
    def begin(self, records: int) -> None:
        """A server behind a proxy, and a first input."""
        self.write(records)
        self.proxy = self.stack.enter_context(self.portal.wrap_async_context_manager(proxied(self.serve())))

    def serve(self) -> str:
        running_server = running(self.folder / "data", workers=1)
        return self.server.enter_context(self.portal.wrap_async_context_manager(running_server))

    def write(self, records: int) -> None:
        self.edits += 1
        rows = [f"{self.edits:03},row {number:06} of {records}\n" for number in range(records)]
        self.content = "".join(["edit,text\n", *rows]).encode()
        self.input.write_bytes(self.content)
        os.utime(self.input, ns=(self.edits, self.edits))

    @property
    def unfinished(self) -> bool:
        return journal_path(self.output).exists()

    async def _clean(self, *, force: bool, fresh: bool) -> None:
        async with Client(self.proxy.url, retry=FEW, max_block_bytes=9000) as client:
            await client.clean(self.input, self.output, workflow="PassThrough", force=force, fresh=fresh)

    @rule(fresh=RARELY, force=MOSTLY)
    def clean(self, *, fresh: bool, force: bool) -> None:
        """A run without faults ends well, or is refused for a reason."""
        self.proxy.schedule, self.proxy.after = never, look_on
        try:
            self.portal.call(partial(self._clean, force=force, fresh=fresh))
        except OutputError:
            assert self.written is not None, "there was something in its place"
            assert not force
        except JournalError:
            assert not fresh, "what was begun before was begun with another input"
            assert self.began_with != self.content
        else:
            self.written = self.content

    @rule(rate=st.sampled_from([0.1, 0.3, 0.6]), force=MOSTLY)
    def clean_under_faults(self, *, rate: float, force: bool) -> None:
        """A run with faults ends well or with an error of ours."""
        self.seed += 1
        self.proxy.schedule, self.proxy.after = Randomly(self.seed, rate, QUICK), look_on
        self.attempt(force=force)

    @rule(at=st.integers(0, 22), force=MOSTLY, ambiguous=st.booleans())
    def clean_and_be_killed(self, *, at: int, force: bool, ambiguous: bool) -> None:
        """The task is cancelled at some request, or some request goes wrong in the worst way just before."""
        kinds = {kind: QUICK[kind] for kind in AMBIGUOUS & QUICK.keys()}
        self.seed += 1
        self.proxy.schedule = Randomly(self.seed, 0.2, kinds) if ambiguous else never
        self.attempt(force=force, killed_at=at)

    def attempt(self, *, force: bool, killed_at: int | None = None) -> None:
        scopes: list[anyio.CancelScope] = []
        self.proxy.renumber()

        async def kill(request: Request) -> None:
            if request.number == killed_at:
                scopes[0].cancel()

        async def attempt() -> bool:
            self.proxy.after = kill
            with anyio.CancelScope() as scope:
                scopes.append(scope)
                await self._clean(force=force, fresh=False)
            return not scope.cancelled_caught

        before = self.unfinished
        with suppress(AsynccleanError):
            if self.portal.call(attempt):
                self.written = self.content
        if self.unfinished and not before:
            self.began_with = self.content

    began_with = b""

    @rule(
        records=st.integers(0, 2200),
        what=st.sampled_from(["edit the input", "put it back", "restart the server", "take the output away"]),
    )
    def change(self, *, records: int, what: str) -> None:
        """Something happens outside."""
        match what:
            case "edit the input":
                self.write(records)
            case "put it back" if self.unfinished:
                self.content = self.began_with
                self.input.write_bytes(self.content)
                edit = int(self.content[10:13] or b"0")
                os.utime(self.input, ns=(edit, edit))
            case "restart the server":
                self.server.close()
                self.proxy.upstream = self.serve()
            case "take the output away" if self.written is not None and not self.unfinished:
                self.output.unlink()
                self.written = None

    @invariant()
    def the_output_is_whole_or_not_there(self) -> None:
        if not self.output.exists():
            assert self.written is None or self.unfinished
            return
        assert self.output.read_bytes() in (self.written, self.content, self.began_with)

    @invariant()
    def nothing_is_left_behind_but_what_is_needed(self) -> None:
        allowed = {"in.csv", "out.csv", "data"}
        if self.unfinished:
            allowed |= {"out.csv.asyncclean", "out.csv.asyncclean-part", "out.csv.asyncclean-journal"}
        assert {path.name for path in self.folder.iterdir()} <= allowed

    def teardown(self) -> None:
        self.server.close()
        self.stack.close()


TestLife = Life.TestCase
TestLife.settings = settings(
    max_examples=10, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)


class LongLife(Life):
    """The same, for longer."""


TestLongLife = pytest.mark.long(pytest.mark.timeout(7200)(LongLife.TestCase))
TestLongLife.settings = settings(parent=TestLife.settings, max_examples=300, stateful_step_count=50)


@pytest.fixture(autouse=True)
def _record_and_look_at_every_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload, "RECORD_S", 0.0)
    monkeypatch.setattr(collect, "CHECKPOINT_S", 0.0)
    monkeypatch.setattr(PollSchedule.__init__, "__defaults__", (0.02,))
