"""Runs main jobs with faults in a share of their requests, and sees that each is exact.

    python -m tests.faults.exact --runs 500 --rate 0.2
    python -m tests.faults.exact --million --rate 0.05

The second is one job of a million records, against the same one without faults (and through the same proxy):
what the faults cost.
"""

import argparse
import resource
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import anyio

from asyncclean import Client, RetryPolicy, Timeouts
from asyncclean.server.embedded import running
from tests.faults.kills import serving
from tests.faults.proxy import proxied
from tests.faults.runs import Outcome, clean, client, strict, write_input
from tests.faults.schedules import Randomly, Schedule, never

AT_A_TIME = 6

CREDENTIALS = {"me": "s&e+c/r%et"}


@dataclass(frozen=True, slots=True)
class Undisturbed:
    """An input, and what a run over it leaves when nothing goes wrong."""

    source: Path
    outcome: Outcome

    @classmethod
    async def over(cls, source: Path, service: str) -> "Undisturbed":
        async with proxied(service, stricter=strict) as proxy, client(proxy.url) as opened:
            return cls(source, Outcome.of(await clean(opened, source, "undisturbed")))


async def exact_runs(service: str, undisturbed: Undisturbed, seeds: range, rate: float) -> Counter[str]:
    """Run the main job once a seed; gives how often each kind of fault was met."""
    met: Counter[str] = Counter()
    turns = anyio.Semaphore(AT_A_TIME)

    async def one(seed: int, looking: Client) -> None:
        async with turns, proxied(service, Randomly(seed, rate), stricter=strict) as proxy:
            async with client(proxy.url) as opened:
                summary = await clean(opened, undisturbed.source, f"seed_{seed}")
            assert Outcome.of(summary) == undisturbed.outcome, f"seed {seed}"
            await _see_it_was_made_once(looking, f"seed_{seed}", summary.records_out)
            met.update(proxy.faults)
            met["requests"] += len(proxy.seen)

    async with client(service) as looking, anyio.create_task_group() as tasks:
        for seed in seeds:
            tasks.start_soon(one, seed, looking)
    return met


async def _see_it_was_made_once(looking: Client, name: str, records: int) -> None:
    """The service holds the run's records once, and its job has seen each of them once."""
    held = await looking.datasets.get(f"data_{name}")
    assert held.completed
    assert held.record_count == records
    assert (await looking.jobs.get(f"job {name}")).statistics["records"] == records


async def many(folder: Path, runs: int, rate: float, seed: int) -> str:
    """So many runs; gives a sentence."""
    begun = time.monotonic()
    async with running(folder / "data", credentials=CREDENTIALS, workers=1) as service:
        undisturbed = await Undisturbed.over(write_input(folder / "in.csv"), service)
        met = await exact_runs(service, undisturbed, range(seed, seed + runs), rate)
    requests = met.pop("requests")
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(met.items()))
    return (
        f"{runs} runs exact, {met.total():,} of {requests:,} requests with faults "
        f"in {time.monotonic() - begun:.0f} s: {kinds}"
    )


@dataclass(frozen=True, slots=True)
class Large:
    """One large job: how long it took, and what it left."""

    seconds: float
    faults: int
    requests: int
    retries: int
    output: Path


async def one_large(source: Path, service: str, name: str, schedule: Schedule) -> Large:
    """The main job over a large file, with the retry policy that users have; stalls are given 2 s."""
    async with proxied(service, schedule) as proxy:
        async with Client(proxy.url, timeouts=Timeouts(read=2.0), retry=RetryPolicy()) as opened:
            begun = time.monotonic()
            summary = await clean(opened, source, name)
            seconds = time.monotonic() - begun
        output = summary.outputs["Contacts"]
        return Large(seconds, proxy.faults.total(), len(proxy.seen), summary.retries, output)


async def million(folder: Path, records: int, rate: float, seed: int, service: str) -> str:
    """One job with faults against one without; gives a sentence."""
    source = write_input(folder / "in.csv", records, bad=False)
    schedule = Randomly(seed, rate, {kind: w for kind, w in Randomly(0, 0).weights.items() if kind != "401"})
    plain = await one_large(source, service, "without", never)
    faulty = await one_large(source, service, "with", schedule)
    same = await anyio.to_thread.run_sync(
        lambda: source.read_bytes() == plain.output.read_bytes() == faulty.output.read_bytes()
    )
    assert same, "not the same bytes"
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return (
        f"{records:,} records exact, {faulty.faults} of {faulty.requests:,} requests with faults, "
        f"{faulty.retries} retries: {faulty.seconds:.1f} s, without {plain.seconds:.1f} s, "
        f"overhead {faulty.seconds / plain.seconds - 1:+.0%}; {peak:.0f} MB with the proxy"
    )


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=500)
    parser.add_argument("--rate", type=float, default=0.2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--million", action="store_true", help="one job of --records instead of many small")
    parser.add_argument("--records", type=int, default=1_000_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="asyncclean-exact-") as name:
        folder = Path(name)
        if arguments.million:
            with serving(folder) as service:
                print(
                    anyio.run(
                        partial(million, folder, arguments.records, arguments.rate, arguments.seed, service)
                    )
                )
        else:
            print(anyio.run(partial(many, folder, arguments.runs, arguments.rate, arguments.seed)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
