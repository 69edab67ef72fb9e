"""Measures what the journal costs an upload: with it and without, in turn, in one process.

    python -m tests.faults.journal_cost --records 500000 --rounds 9

"With" is what every run does: notes of every block in a synced file, and the hash of the input that a
resumed run is held against. "Without" does neither. Both send the same blocks to a sink that is a process
of its own and takes everything.
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

from asyncclean.api.connection import Connection
from asyncclean.api.datasets import Datasets
from asyncclean.api.models import KIND_CODES
from asyncclean.api.pacing import Limiter
from asyncclean.files.fingerprint import PrefixHash
from asyncclean.files.source import open_source
from asyncclean.transfer.journal import Acknowledged, Journal, Refused, Remaining
from asyncclean.transfer.policy import RejectPolicy
from asyncclean.transfer.upload import Recorder, Upload
from benchmarks import data
from benchmarks.sink.process import RunningSink, running_sink

IN_FLIGHT = 8
"""Requests in flight: held, so that both ways are the same but for the journal."""

TARGET = 0.03
"""Most that it may cost."""


class NoHash(PrefixHash):
    """Hashes nothing."""

    def take(self, offset: int, data: bytes) -> None:
        pass


def no_record(acknowledged: Sequence[Acknowledged], refused: Sequence[Refused]) -> int:
    """Notes nothing."""
    return 0


@dataclass(frozen=True, slots=True)
class Took:
    """Seconds of one upload: on the clock, and of this process on all processors."""

    wall: float
    cpu: float


async def upload(sink: RunningSink, path: Path, *, prefix: PrefixHash, record: Recorder) -> Took:
    """Send the whole of a file to the sink."""
    sink.reset()
    source = open_source(path)
    async with Connection(sink.url) as connection:
        datasets = Datasets(connection, KIND_CODES)
        await datasets.create("measured", source.columns.kinds())
        wall, cpu = time.perf_counter(), time.process_time()
        await Upload(
            source,
            datasets,
            "measured",
            path=path,
            size=source.size,
            prefix=prefix,
            limiter=Limiter(fixed=IN_FLIGHT),
            record=record,
            remaining=Remaining(),
            policy=RejectPolicy(),
        ).run()
        return Took(time.perf_counter() - wall, time.process_time() - cpu)


async def with_journal(sink: RunningSink, path: Path) -> Took:
    """As every run does it."""
    with tempfile.TemporaryDirectory(prefix="asyncclean-journal-cost-") as folder:
        journal = Journal(Path(folder) / "journal")
        try:

            def record(acknowledged: Sequence[Acknowledged], refused: Sequence[Refused]) -> int:
                journal.acknowledge("input", acknowledged, refused)
                return journal.reject_count("input")

            return await upload(sink, path, prefix=PrefixHash(path), record=record)
        finally:
            journal.close()


async def without_journal(sink: RunningSink, path: Path) -> Took:
    """The bare upload."""
    return await upload(sink, path, prefix=NoHash(path), record=no_record)


async def measure(path: Path, rounds: int) -> tuple[list[Took], list[Took]]:
    """(with, without): so many uploads each, in turn, after one that counts for nothing."""
    held: list[Took] = []
    bare: list[Took] = []
    with running_sink() as sink:
        await without_journal(sink, path)
        for number in range(rounds):
            # Each comes first as often as the other.
            if number % 2:
                held.append(await with_journal(sink, path))
                bare.append(await without_journal(sink, path))
            else:
                bare.append(await without_journal(sink, path))
                held.append(await with_journal(sink, path))
    return held, bare


def cost(held: Sequence[float], bare: Sequence[float]) -> float:
    """The median of the rounds' own ratios: what disturbs the machine disturbs both halves of a round."""
    return statistics.median(one / other for one, other in zip(held, bare, strict=True)) - 1


def main() -> int:
    """Print both medians and what the one is above the other."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--records", type=int, default=500_000)
    parser.add_argument("--rounds", type=int, default=9)
    arguments = parser.parse_args()
    path = data.file(arguments.records)
    held, bare = anyio.run(measure, path, arguments.rounds)
    for name, took in (("with", held), ("without", bare)):
        wall, cpu = statistics.median(t.wall for t in took), statistics.median(t.cpu for t in took)
        print(f"{name}: {arguments.records / wall:,.0f} records/s, {cpu:.2f} s of CPU")
    wall = cost([t.wall for t in held], [t.wall for t in bare])
    cpu = cost([t.cpu for t in held], [t.cpu for t in bare])
    print(f"the journal costs {100 * wall:+.1f} % of the time, {100 * cpu:+.1f} % of the CPU time")
    return 0 if wall <= TARGET else 1


if __name__ == "__main__":
    sys.exit(main())
