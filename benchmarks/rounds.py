"""Takes turns: A B C, A B C, ... and makes figures of it. Pure but for the measuring that it is handed.

Machines differ and so do minutes; what is compared was measured side by side. A ratio is made within
each round, and the median of these is quoted.
"""

import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.measure import Measured

Runs = dict[str, list[dict[str, Any]]]
"""Measured runs by the name of the case, as dictionaries: what is kept in results.json."""


@dataclass(frozen=True, slots=True)
class Case:
    """One contender: a command, the records that it moves, and what it is called.

    Attributes:
        moved: of what the command told, the seconds that moving took: without starting up.
        facts: whatever the scenario wants to find again beside the runs.
    """

    name: str
    command: Sequence[str]
    records: int
    moved: Callable[[Mapping[str, Any]], float]
    facts: Mapping[str, Any] = field(default_factory=dict)


def interleave(
    cases: Sequence[Case],
    rounds: int,
    run: Callable[[Case], Measured],
    say: Callable[[str], None],
) -> Runs:
    """Each case once a round, in turn."""
    runs: Runs = {case.name: [] for case in cases}
    for turn in range(1, rounds + 1):
        for case in cases:
            measured = run(case)
            moved = case.moved(measured.told) or measured.wall
            kept = {**measured.as_dict(), "records": case.records, "moved": moved, **case.facts}
            if turn > 1:
                # One course of each over time is enough to look at.
                kept["memory"], kept["sink"] = [], {**measured.sink, "trace": []}
            runs[case.name].append(kept)
            rate = case.records / moved / 1000
            say(f"  {turn}/{rounds} {case.name:32} {measured.wall:6.2f} s {rate:8.0f} thousand records/s")
    return runs


def command_rate(run: Mapping[str, Any]) -> float:
    """Records a second of the whole command."""
    return float(run["records"] / run["wall"])


def moving_rate(run: Mapping[str, Any]) -> float:
    """Records a second without starting Python and importing."""
    return float(run["records"] / run["moved"])


def cpu_per_million(run: Mapping[str, Any]) -> float:
    """Seconds of processor time for a million records, of the whole command."""
    return float(run["cpu"] / run["records"] * 1e6)


def others(run: Mapping[str, Any], processors: int) -> float:
    """The part of the processors' time that was neither the command's nor the sink's."""
    own = run["cpu"] + run["sink"].get("cpu", 0.0)
    return float(max(0.0, run["busy"] - own) / (run["wall"] * processors))


def peak(run: Mapping[str, Any]) -> float:
    """Megabytes."""
    return float(run["peak_mb"])


def median(runs: Iterable[Mapping[str, Any]], figure: Callable[[Mapping[str, Any]], float]) -> float:
    """The median of a figure over all rounds."""
    return statistics.median(figure(run) for run in runs)


def spread(
    runs: Sequence[Mapping[str, Any]], figure: Callable[[Mapping[str, Any]], float]
) -> tuple[float, float]:
    """The lowest and the highest of a figure."""
    found = [figure(run) for run in runs]
    return min(found), max(found)


def ratio(
    runs: Mapping[str, Sequence[Mapping[str, Any]]],
    one: str,
    other: str,
    figure: Callable[[Mapping[str, Any]], float],
) -> float:
    """How many times ``other`` ``one`` is: round by round, then the median."""
    pairs = zip(runs[one], runs[other], strict=True)
    return statistics.median(figure(a) / figure(b) for a, b in pairs)
