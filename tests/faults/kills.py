"""Kills the real program at seeded instants, runs it again until it is done, and compares what is left.

    python -m tests.faults.kills --kills 1000 --records 50000 --seed 1

A trial is one main job under one to three kills, each at an instant drawn from the seed: some time after
the first request, at a request (before it is passed on, or when it was answered), or at the sight of a file.
``served``: the service is a process of its own, behind a proxy, and lives on. ``embedded``: the service is
in the program, and dies with it.
"""

import argparse
import random
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import anyio
import anyio.abc

from asyncclean import Client
from asyncclean.errors import NotFoundError
from tests.cli.program import environment
from tests.faults.proxy import Proxy, proxied
from tests.faults.runs import strict, write_input
from tests.faults.schedules import Request

LATENCY_S = 0.004
"""What each request takes longer, so that a run has a middle."""

DONE = (0, 3)
"""Exit statuses of a run that is done, without and with rejects."""

SIGHTS = ("out.csv.asyncclean", "out.csv.asyncclean-part", "out.csv", "bad.ndjson")
"""Files at whose first sight a run may be killed: one for each step that ends with a file in its place."""

Mode = Literal["served", "embedded"]


@dataclass(frozen=True, slots=True)
class Kill:
    """An instant: ``at`` seconds after the first request (embedded: after the start), or at the request
    with this number, before or after it was answered, or at the sight of a file.
    """

    at: float | None = None
    request: int | None = None
    answered: bool = False
    sight: str = ""

    @classmethod
    def draw(cls, source: random.Random, mode: Mode, usual: "Usual") -> "Kill":
        kind = source.choice(["time", "sight"] if mode == "embedded" else ["time", "request", "sight"])
        if kind == "time":
            return cls(at=source.uniform(0.0, usual.seconds))
        if kind == "sight":
            return cls(sight=source.choice(SIGHTS))
        return cls(request=source.randrange(usual.requests), answered=source.random() < 0.5)


@dataclass(frozen=True, slots=True)
class Usual:
    """What an undisturbed run takes and leaves."""

    seconds: float
    requests: int
    output: bytes
    rejects: bytes


@dataclass(slots=True)
class Tally:
    """What came of all trials."""

    kills: int = 0
    missed: int = 0
    trials: int = 0
    identical: int = 0
    by_phase: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    sent: int = 0
    blocks: int = 0

    def __str__(self) -> str:
        phases = ", ".join(f"{count} in {phase}" for phase, count in self.by_phase.most_common())
        lines = [
            f"{self.kills} kills in {self.trials} runs ({phases}); {self.missed} came too late",
            f"{self.identical} of {self.trials} outputs and rejects identical, {len(self.wrong)} not",
        ]
        if self.blocks:
            lines.append(f"{self.sent:,} blocks sent for {self.blocks:,}: {self.sent / self.blocks:.3f} each")
        return "\n".join([*lines, *self.wrong])


@dataclass(slots=True)
class Program:
    """The real program over one input, in folders of its own."""

    mode: Mode
    source: Path
    proxy: Proxy | None = None

    def command(self, folder: Path, name: str) -> list[str]:
        service = [] if self.proxy is None else ["--url", self.proxy.url]
        return [
            *(sys.executable, "-m", "asyncclean", "clean", str(self.source), "-o", str(folder / "out.csv")),
            *("--rejects", str(folder / "bad.ndjson"), "--workflow", "PassThrough", "--quiet"),
            *("--dataset", f"data_{name}", "--job", f"job {name}", "--max-block-bytes", "20000", *service),
        ]

    async def run(self, folder: Path, name: str, kill: Kill | None) -> int | None:
        """Run it once; gives its exit status, or None when it was killed first."""
        first, reached = anyio.Event(), anyio.Event()

        async def before(request: Request) -> None:
            first.set()
            await anyio.sleep(LATENCY_S)
            if kill is not None and not kill.answered and request.number == kill.request:
                reached.set()
                await anyio.sleep_forever()

        async def after(request: Request) -> None:
            if kill is not None and kill.answered and request.number == kill.request:
                reached.set()
                await anyio.sleep_forever()

        async def watch() -> None:
            assert kill is not None
            if kill.at is not None:
                if self.proxy is not None:
                    await first.wait()
                await anyio.sleep(kill.at)
            elif kill.sight:
                while not (folder / kill.sight).exists():  # noqa: ASYNC110  files tell nobody
                    await anyio.sleep(0.0005)
            else:
                await reached.wait()
            process.kill()

        if self.proxy is not None:
            self.proxy.before, self.proxy.after = before, after
            self.proxy.renumber()
        process = await anyio.open_process(
            self.command(folder, name), stdin=None, stdout=None, stderr=subprocess.PIPE, env=environment()
        )
        async with process, anyio.create_task_group() as tasks:
            if kill is not None:
                tasks.start_soon(watch)
            said = await _all_of(process.stderr)
            status = await process.wait()
            tasks.cancel_scope.cancel()
        if self.proxy is not None:
            await self.proxy.hang_up()
        if status < 0:
            return None
        if status not in DONE:
            raise AssertionError(f"{name}: exit status {status}: {said}")
        return status


async def _all_of(stream: anyio.abc.ByteReceiveStream | None) -> str:
    assert stream is not None
    return b"".join([piece async for piece in stream]).decode()


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
        """Kill it up to three times, then let it end, and compare."""
        draw = random.Random(f"{self.mode} {seed}")
        folder = self.folder / f"{self.mode}_{seed}"
        folder.mkdir()
        kills = [Kill.draw(draw, self.mode, self.usual) for _ in range(draw.choice([1, 1, 2, 3]))]
        name = f"{self.mode}_{seed}"
        status = None
        for kill in kills:
            # What a kill was to wait for may not come any more.
            if kill.sight and (folder / kill.sight).exists():
                continue
            status = await program.run(folder, name, kill)
            if status is not None:
                self.tally.missed += 1
                break
            self.tally.kills += 1
            self.tally.by_phase[_phase(folder, program.proxy)] += 1
            if _is_done(folder):
                # All was in its place when it was killed; only the process was still there.
                status = 0
                break
        if status is None:
            await program.run(folder, name, None)
        self.tally.trials += 1
        if wrong := self._wrong(folder):
            self.tally.wrong.append(f"{name} after {kills}: {wrong}")
        else:
            self.tally.identical += 1
        if program.proxy is not None:
            sent = [seen for seen in program.proxy.seen if seen.request.method == "PATCH"]
            self.tally.sent += sum(seen.status == 204 for seen in sent)
            self.tally.blocks += len({seen.request.block for seen in sent})
            program.proxy.seen.clear()
            if wrong := await self._wrong_at_service(name):
                self.tally.wrong.append(f"{name} after {kills}: {wrong}")

    def _wrong(self, folder: Path) -> str:
        left = sorted(path.name for path in folder.iterdir() if not path.is_dir())
        if left != ["bad.ndjson", "out.csv"]:
            return f"left behind: {left}"
        if (folder / "out.csv").read_bytes() != self.usual.output:
            return "another output"
        if (folder / "bad.ndjson").read_bytes() != self.usual.rejects:
            return "other rejects"
        return ""

    async def _wrong_at_service(self, name: str) -> str:
        """The service holds the run's records once, in one dataset, and ran one job; then they go."""
        async with Client(self.service) as client:
            held = await client.datasets.get(f"data_{name}")
            job = await client.jobs.get(f"job {name}")
            for dataset in (held.name, *job.outputs.values()):
                try:
                    await client.datasets.delete(dataset)
                except NotFoundError:
                    return f"dataset {dataset} is not there"
        records = self.usual.output.count(b"\n") - 1 - self.usual.output.count(b",\nthen")
        if not held.completed or job.statistics.get("records") != held.record_count:
            return f"{held} and {job}"
        return "" if held.record_count <= records + 1 else f"{held.record_count} records instead of {records}"


def _is_done(folder: Path) -> bool:
    return (folder / "out.csv").exists() and not (folder / "out.csv.asyncclean").exists()


def _phase(folder: Path, proxy: Proxy | None) -> str:
    """In which phase a run was killed, by what it left behind."""
    there = {path.name for path in folder.iterdir()}
    if "out.csv" in there:
        return "the end"
    if "out.csv.asyncclean-part" in there:
        return "download"
    if proxy is None:
        return "upload or job" if "out.csv.asyncclean" in there else "the beginning"
    if any(seen.request.matches("POST /Job") for seen in proxy.seen):
        return "job"
    if any(seen.request.matches("PUT /Dataset") for seen in proxy.seen):
        return "completion"
    return "upload" if "out.csv.asyncclean" in there else "the beginning"


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
        begun = time.monotonic()
        status = await undisturbed.run(folder, f"{mode}_usual", None)
        seconds = time.monotonic() - begun
        assert status in DONE
        requests = 0 if undisturbed.proxy is None else len(undisturbed.proxy.seen)
    return Usual(
        seconds=max(0.2, seconds - 0.7) if mode == "served" else seconds,
        requests=requests,
        output=(folder / "out.csv").read_bytes(),
        rejects=(folder / "bad.ndjson").read_bytes(),
    )


async def trials(
    mode: Mode, kills: int, *, records: int, seed: int, at_a_time: int, folder: Path, service: str
) -> Tally:
    """Run trials until so many kills are done."""
    source = write_input(folder / f"{mode}.csv", records)
    tally = Tally()
    usual = await measure(mode, source, folder, service)
    all_of_them = Trials(mode, source, folder, usual, tally, service)
    seeds = iter(range(seed * 1_000_000, (seed + 1) * 1_000_000))

    async def some() -> None:
        async with program(mode, source, service) as one:
            while tally.kills < kills:
                await all_of_them.one(next(seeds), one)

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
    parser.add_argument("--embedded", type=float, default=0.2, help="share of kills of the embedded service")
    arguments = parser.parse_args()
    begun = time.monotonic()
    wrong = 0
    with tempfile.TemporaryDirectory(prefix="asyncclean-kills-") as name:
        folder = Path(name)
        modes: dict[Mode, int] = {
            "embedded": round(arguments.kills * arguments.embedded),
            "served": arguments.kills - round(arguments.kills * arguments.embedded),
        }
        for mode, kills in modes.items():
            with serving(folder / mode) as service:

                async def run(mode: Mode = mode, kills: int = kills, service: str = service) -> Tally:
                    return await trials(
                        mode,
                        kills,
                        records=arguments.records,
                        seed=arguments.seed,
                        at_a_time=arguments.at_a_time,
                        folder=folder,
                        service=service,
                    )

                tally = anyio.run(run)
            wrong += len(tally.wrong)
            print(f"{mode}: {tally}", flush=True)
    print(f"{time.monotonic() - begun:.0f} s")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
