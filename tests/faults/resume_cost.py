"""Measures what a run costs that was killed when nine tenths were done: the second start against a whole run.

    python -m tests.faults.resume_cost --records 3000000 --rounds 3

The real program against the real server, each a process of its own. ``upload`` is killed when the server
holds 90 % of the records; ``clean``, when 90 % of the time of a whole run have passed, wherever it then is.
Times are those of whole processes, with their starting up.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import anyio
import anyio.abc

from asyncclean import Client
from asyncclean.errors import NotFoundError
from benchmarks import data
from tests.cli.program import environment
from tests.faults.kills import serving

SHARE = 0.9

TARGET = 0.15
"""Most of the time of a whole run that the second start may take."""

LOOK_S = 0.02
"""Seconds between two looks at how far an upload is."""


@dataclass(frozen=True, slots=True)
class Measured:
    """Seconds of a whole run, and of the second start of one that was killed."""

    whole: float
    second: float

    @property
    def share(self) -> float:
        return self.second / self.whole


@dataclass(frozen=True, slots=True)
class Bench:
    """One input, one service, and the folder in which the program runs."""

    source: Path
    records: int
    folder: Path
    url: str

    async def upload(self, number: int) -> Measured:
        """A whole upload, and one that is killed when the service has 90 % of the records."""
        whole = await self._to_the_end(["upload", str(self.source), "--dataset", f"whole_{number}"])
        name = f"killed_{number}"
        again = ["upload", str(self.source), "--dataset", name]
        async with Client(self.url) as client, await self._started(again) as process:
            while await _held(client, name) < SHARE * self.records:
                assert process.returncode is None, "it was done before it was seen at 90 %"
                await anyio.sleep(LOOK_S)
            process.kill()
        second = await self._to_the_end(again)
        async with Client(self.url) as client:
            assert await _held(client, name) == self.records
            for made in (name, f"whole_{number}"):
                await client.datasets.delete(made)
        return Measured(whole, second)

    async def clean(self, number: int) -> Measured:
        """A whole main job, and one that is killed after 90 % of its time."""
        whole = await self._to_the_end(self._clean(f"whole_{number}"))
        again = self._clean(f"killed_{number}")
        async with await self._started(again) as process:
            with anyio.move_on_after(SHARE * whole):
                await process.wait()
            if process.returncode is None:
                process.kill()
        second = await self._to_the_end([*again, "--force"])
        outputs = [self.folder / f"{name}_{number}.csv" for name in ("whole", "killed")]
        assert outputs[0].read_bytes() == outputs[1].read_bytes()
        for output in outputs:
            output.unlink()
        return Measured(whole, second)

    def _clean(self, name: str) -> list[str]:
        return [
            "clean",
            str(self.source),
            "-o",
            str(self.folder / f"{name}.csv"),
            "--workflow",
            "PassThrough",
        ]

    async def _started(self, arguments: Sequence[str]) -> anyio.abc.Process:
        command = [sys.executable, "-m", "asyncclean", *arguments, "--url", self.url, "--quiet"]
        return await anyio.open_process(
            command, stdin=None, stdout=None, stderr=None, cwd=self.folder, env=environment()
        )

    async def _to_the_end(self, arguments: Sequence[str]) -> float:
        begun = time.perf_counter()
        async with await self._started(arguments) as process:
            assert await process.wait() == 0
        return time.perf_counter() - begun


async def _held(client: Client, name: str) -> int:
    try:
        return (await client.datasets.get(name)).record_count
    except NotFoundError:
        return 0


async def measure(bench: Bench, rounds: int) -> bool:
    """Print what each round took, and the medians; gives whether both are within the target."""
    good = True
    for what in (bench.upload, bench.clean):
        took = []
        for number in range(rounds):
            took.append(await what(number))
            print(f"{what.__name__}: whole {took[-1].whole:.1f} s, second start {took[-1].second:.1f} s")
        share = statistics.median(one.share for one in took)
        good = good and share <= TARGET
        print(f"{what.__name__} killed at {SHARE:.0%}: the second start takes {share:.1%} of a whole run")
    return good


def main() -> int:
    """Measure both."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--records", type=int, default=3_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    source = data.file(arguments.records)
    with tempfile.TemporaryDirectory(prefix="asyncclean-resume-cost-") as name, serving(Path(name)) as url:
        bench = Bench(source, arguments.records, Path(name), url)
        return 0 if anyio.run(measure, bench, arguments.rounds) else 1


if __name__ == "__main__":
    sys.exit(main())
