"""Kills the real program at seeded instants, runs it again until it is done, and compares what is left.

    python -m tests.faults.kills --kills 1000 --records 50000 --seed 1

A trial is one main job under one to five kills, each at an instant drawn from the seed. Afterwards output
and rejects must be those of an undisturbed run, byte for byte; the service must hold every record once; the
summary must tell of just what had been noted; and nothing else may be left behind.
"""

import argparse
import contextlib
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import anyio.abc
import anyio.to_thread
import orjson

from asyncclean import Client
from asyncclean.errors import NotFoundError
from tests.cli.program import environment
from tests.faults.instants import JOURNAL, OUTPUT, REJECTS, STORE, Kill, Mode, Noted, Usual, noted
from tests.faults.proxy import Proxy, proxied
from tests.faults.runs import strict, write_input
from tests.faults.schedules import Request

LATENCY_S = 0.004
"""What each request takes longer, so that a run has a middle."""

LOOK_S = 0.0005
"""Seconds between two looks at a file."""

DONE = (0, 3)
"""Exit statuses of a run that is done, without and with rejects."""

MOST_KILLS = 5
"""Of one run."""


@dataclass(slots=True)
class Tally:
    """What came of all trials. ``astray``: records that are missing or there more than once."""

    kills: int = 0
    missed: int = 0
    trials: int = 0
    identical: int = 0
    astray: int = 0
    by_phase: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    sent: int = 0
    blocks: int = 0

    def add(self, other: "Tally") -> None:
        """Count another's as well."""
        for name in ("kills", "missed", "trials", "identical", "astray", "sent", "blocks"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.by_phase += other.by_phase
        self.wrong += other.wrong

    @property
    def line(self) -> str:
        """The figures that matter, in one line."""
        return (
            f"{self.kills:,} kills in {self.trials:,} runs, {self.identical:,} outputs identical, "
            f"{self.astray:,} records lost or doubled"
        )

    def __str__(self) -> str:
        phases = ", ".join(f"{count} in {phase}" for phase, count in self.by_phase.most_common())
        lines = [f"killed: {phases}; {self.missed} came too late"]
        if self.blocks:
            lines.append(f"{self.sent:,} blocks sent for {self.blocks:,}: {self.sent / self.blocks:.3f} each")
        return "\n".join([*lines, *self.wrong, self.line])


@dataclass(slots=True)
class Program:
    """The real program over one input, in folders of its own."""

    mode: Mode
    source: Path
    proxy: Proxy | None = None
    alive_at: float = 0.0

    def command(self, folder: Path, name: str) -> list[str]:
        service = [] if self.proxy is None else ["--url", self.proxy.url]
        return [
            *(sys.executable, "-m", "asyncclean", "clean", str(self.source), "-o", str(folder / OUTPUT)),
            *("--rejects", str(folder / REJECTS), "--workflow", "PassThrough", "--quiet", "--json"),
            *("--dataset", f"data_{name}", "--job", f"job {name}", "--max-block-bytes", "100000", *service),
        ]

    async def run(self, folder: Path, name: str, kill: Kill | None) -> dict[str, Any] | None:
        """Run it once; gives its summary, or None when it was killed first."""
        alive, reached = anyio.Event(), anyio.Event()
        count = 0

        async def before(request: Request) -> None:
            alive.set()
            await anyio.sleep(LATENCY_S)
            if kill is not None and not kill.answered:
                await hold(kill, request)

        async def after(request: Request) -> None:
            if kill is not None and kill.answered:
                await hold(kill, request)

        async def hold(kill: Kill, request: Request) -> None:
            nonlocal count
            if kill.request and request.matches(kill.request):
                count += 1
                if count > kill.number:
                    reached.set()
                    await anyio.sleep_forever()

        async def see_alive() -> None:
            if self.proxy is None:
                await _until((folder / STORE).exists)
                alive.set()
            await alive.wait()
            self.alive_at = time.monotonic()

        async def watch(kill: Kill) -> None:
            if kill.at is not None:
                await alive.wait()
                await anyio.sleep(kill.at)
            elif kill.file:
                await _until(lambda: kill.is_due(folder))
            else:
                await reached.wait()
            # Not process.kill(): where it has just ended by itself, that takes its status from asyncio.
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)

        if self.proxy is not None:
            self.proxy.before, self.proxy.after = before, after
        pipe = subprocess.PIPE
        process = await anyio.open_process(
            self.command(folder, name), stdin=None, stdout=pipe, stderr=pipe, env=environment()
        )
        said: dict[str, str] = {}

        async def hear(what: str, stream: anyio.abc.ByteReceiveStream | None) -> None:
            assert stream is not None
            said[what] = b"".join([piece async for piece in stream]).decode()

        async with process, anyio.create_task_group() as watching:
            watching.start_soon(see_alive)
            if kill is not None:
                watching.start_soon(watch, kill)
            async with anyio.create_task_group() as hearing:
                hearing.start_soon(hear, "out", process.stdout)
                hearing.start_soon(hear, "err", process.stderr)
            status = await process.wait()
            watching.cancel_scope.cancel()
        if self.proxy is not None:
            await self.proxy.hang_up()
        if status < 0:
            return None
        if status not in DONE:
            raise AssertionError(f"{name}: exit status {status}: {said['err']}")
        summary: dict[str, Any] = orjson.loads(said["out"])
        return summary


@dataclass(slots=True)
class Trials:
    """Trials of one mode, a few at a time."""

    mode: Mode
    source: Path
    folder: Path
    usual: Usual
    tally: Tally
    service: str = ""

    async def one(self, seed: int, program: Program) -> None:
        """Kill it some times, then let it end, and compare."""
        draw = random.Random(f"{self.mode} {seed}")
        name = f"{self.mode}_{seed}"
        folder = self.folder / name
        folder.mkdir()
        kills: list[Kill] = []
        summary, known = None, Noted("")
        for already in range(draw.randint(1, MOST_KILLS)):
            kill = Kill.draw(draw, self.mode, self.usual, already)
            if kill.file and kill.is_due(folder):
                continue  # what it was to wait for is there already
            kills.append(kill)
            summary = await program.run(folder, name, kill)
            if summary is not None:
                self.tally.missed += 1
                break
            known = await anyio.to_thread.run_sync(noted, folder)
            self.tally.kills += 1
            self.tally.by_phase[known.phase] += 1
            if _is_done(folder):
                break  # all was in its place when it was killed; only the process was still there
        if summary is None and not _is_done(folder):
            summary = await program.run(folder, name, None)
        self.tally.trials += 1
        wrong = self._wrong(folder) or self._wrong_summary(summary, known)
        if program.proxy is not None:
            self._count_blocks(program.proxy)
            wrong = wrong or await self._wrong_at_service(name)
        if wrong:
            self.tally.wrong.append(f"{name} after {kills}: {wrong}")
        else:
            self.tally.identical += 1
            await anyio.to_thread.run_sync(shutil.rmtree, folder)

    def _wrong(self, folder: Path) -> str:
        left = {path.name for path in folder.iterdir()} - {OUTPUT, REJECTS}
        if self.mode == "embedded" and _is_done(folder):
            # Killed in its very last act. The next run with this output would take it away.
            left.discard(Path(STORE).parts[0])
        if left:
            return f"left behind: {sorted(left)}"
        output = (folder / OUTPUT).read_bytes()
        if output != self.usual.output:
            self.tally.astray += abs(output.count(b"\n") - self.usual.output.count(b"\n"))
            return "another output"
        if (folder / REJECTS).read_bytes() != self.usual.rejects:
            return "other rejects"
        return ""

    def _wrong_summary(self, summary: dict[str, Any] | None, known: Noted) -> str:
        """What had been noted when it was last killed was not done again, and the summary says so."""
        if summary is None:
            return ""
        pages = summary["pages"] if known.pages < 0 else known.pages
        if (summary["blocks_resumed"], summary["pages_resumed"]) != (known.blocks, pages):
            return f"{known} was noted, but it says {summary}"
        return ""

    def _count_blocks(self, proxy: Proxy) -> None:
        sent = [seen for seen in proxy.seen if seen.request.method == "PATCH"]
        self.tally.sent += sum(seen.status == 204 for seen in sent)
        self.tally.blocks += len({seen.request.block for seen in sent})
        proxy.seen.clear()

    async def _wrong_at_service(self, name: str) -> str:
        """The service holds the run's records once, in one dataset, and ran one job; then they go."""
        async with Client(self.service) as client:
            job = await client.jobs.get(f"job {name}")
            wrong = []
            for dataset in (f"data_{name}", *job.outputs.values()):
                try:
                    held = await client.datasets.get(dataset)
                    await client.datasets.delete(dataset)
                except NotFoundError:
                    return f"dataset {dataset} is not there"
                if not held.completed or held.record_count != self.usual.records:
                    wrong.append(f"{held} instead of {self.usual.records:,} records")
                    self.tally.astray += abs(held.record_count - self.usual.records)
        return "; ".join(wrong)


async def _until(is_so: Callable[[], bool]) -> None:
    while not is_so():  # noqa: ASYNC110  files tell nobody
        await anyio.sleep(LOOK_S)


def _is_done(folder: Path) -> bool:
    return (folder / OUTPUT).exists() and not (folder / JOURNAL).exists()


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """The real server as a process of its own; gives its URL."""
    command = [sys.executable, "-m", "asyncclean", "serve", "--port", "0", "--data", str(folder / "data")]
    with subprocess.Popen(command, env=environment(), stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            line = process.stderr.readline()
            found = re.search(r"http://\S+", line)
            assert found, line
            yield found[0]
        finally:
            process.kill()


@asynccontextmanager
async def program(mode: Mode, source: Path, service: str) -> AsyncIterator[Program]:
    """The program as it is run in a mode."""
    if mode == "embedded":
        yield Program(mode, source)
        return
    async with proxied(service, stricter=strict) as proxy:
        yield Program(mode, source, proxy)


async def measure(mode: Mode, source: Path, folder: Path, service: str) -> Usual:
    """Run it once undisturbed."""
    folder = folder / f"{mode}_usual"
    folder.mkdir()
    async with program(mode, source, service) as undisturbed:
        summary = await undisturbed.run(folder, f"{mode}_usual", None)
        seconds = time.monotonic() - undisturbed.alive_at
        assert summary is not None
    return Usual(
        seconds=seconds,
        records=summary["records_out"],
        output=(folder / OUTPUT).read_bytes(),
        rejects=(folder / REJECTS).read_bytes(),
    )


async def trials(
    mode: Mode,
    kills: int,
    *,
    records: int,
    seed: int,
    at_a_time: int,
    folder: Path,
    service: str,
    tell: Callable[[Tally], None] = lambda tally: None,
) -> Tally:
    """Run trials until so many kills are done; ``tell`` hears of the tally after each."""
    source = write_input(folder / f"{mode}.csv", records)
    tally = Tally()
    usual = await measure(mode, source, folder, service)
    all_of_them = Trials(mode, source, folder, usual, tally, service)
    seeds = iter(range(seed * 1_000_000, (seed + 1) * 1_000_000))

    async def some() -> None:
        async with program(mode, source, service) as one:
            while tally.kills < kills:
                await all_of_them.one(next(seeds), one)
                tell(tally)

    async with anyio.create_task_group() as tasks:
        for _ in range(at_a_time):
            tasks.start_soon(some)
    return tally


def main() -> int:
    """The long mode."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--records", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--at-a-time", type=int, default=2)
    parser.add_argument("--embedded", type=float, default=0.15, help="share of kills of the embedded service")
    arguments = parser.parse_args()
    total = Tally()
    embedded = round(arguments.kills * arguments.embedded)
    modes: dict[Mode, int] = {"embedded": embedded, "served": arguments.kills - embedded}
    for mode, kills in modes.items():
        if kills:
            tally = _long(mode, kills, arguments)
            print(f"\n{mode}: {tally}", flush=True)
            total.add(tally)
    print(total.line)
    return 1 if total.wrong else 0


def _long(mode: Mode, kills: int, arguments: argparse.Namespace) -> Tally:
    begun = time.monotonic()

    def tell(tally: Tally) -> None:
        seconds = time.monotonic() - begun
        print(f"\r{mode}: {tally.line}, {len(tally.wrong)} wrong, {seconds:.0f} s ", end="", flush=True)

    async def run(folder: Path, service: str) -> Tally:
        return await trials(
            mode,
            kills,
            records=arguments.records,
            seed=arguments.seed,
            at_a_time=arguments.at_a_time,
            folder=folder,
            service=service,
            tell=tell,
        )

    with tempfile.TemporaryDirectory(prefix="asyncclean-kills-") as name, serving(Path(name)) as service:
        return anyio.run(run, Path(name), service)


if __name__ == "__main__":
    sys.exit(main())
