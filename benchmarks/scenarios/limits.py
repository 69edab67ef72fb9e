"""Services with limits: how much of what they offer is used, and how politely."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import ours, plots
from benchmarks.bench import Bench
from benchmarks.report import Finding, Table
from benchmarks.rounds import Case, Runs, median
from benchmarks.sink.behaviour import Behaviour

NAME = "limits"
TITLE = "Services with limits"
ROUNDS = 3
SETTLED_S = 5.0
"""Seconds after which a limit should have been found."""


@dataclass(frozen=True, slots=True)
class Limit:
    """A service's limit and what it comes to: ``offers`` requests a second."""

    name: str
    behaviour: Behaviour
    offers: float
    records: int
    quick: int


CAPACITY = Limit("8 at once, 20 ms each", Behaviour(capacity=8, service=0.02), 400.0, 1_000_000, 1_000_000)
RATE = Limit("100 requests/s", Behaviour(rate=100.0), 100.0, 10_000_000, 1_000_000)
DISTANT = Limit(
    "256 at once, 50 ms each", Behaviour(capacity=256, service=0.05), 5120.0, 1_000_000, 1_000_000
)
LIMITS = (CAPACITY, RATE, DISTANT)


def run(bench: Bench) -> dict[str, Any]:
    """Each limit by itself, asyncclean with its defaults."""
    runs: Runs = {}
    for limit in LIMITS:
        records = limit.quick if bench.quick else limit.records
        command = ours.upload(bench.file(records), bench.sink.url)
        case = Case(limit.name, command, records, ours.moved, {"offers": limit.offers})
        runs |= bench.run([case], behaviour=limit.behaviour, rounds=min(bench.rounds, ROUNDS))
    return {"runs": runs}


def share(run: Mapping[str, Any]) -> float:
    """The part of what is offered that was used, from the first request to the last answer."""
    sink = run["sink"]
    return float(sink["answered"] / sink["seconds"] / run["offers"])


def settled_share(run: Mapping[str, Any]) -> float | None:
    """The same without the first seconds, in which the limit is found; None when there were no others."""
    points = [p for p in run["sink"]["trace"] if SETTLED_S <= p["at"] <= run["sink"]["seconds"]]
    if not points:
        return None
    return float(sum(point["answered_per_s"] for point in points) / len(points) / run["offers"])


def in_flight(run: Mapping[str, Any]) -> float:
    return float(run["sink"]["mean_in_flight"])


def refused(run: Mapping[str, Any]) -> float:
    """The part of all requests that was refused."""
    sink = run["sink"]
    return float(sink["refused"] / (sink["answered"] + sink["refused"]))


def tables(result: Mapping[str, Any]) -> list[Table]:
    columns = [
        "",
        "requests/s answered",
        "of what is offered",
        "after 5 s",
        "mean in flight",
        "most in flight",
        "refused",
    ]
    rows = []
    for name, runs in result["runs"].items():
        rate = median(runs, lambda run: run["sink"]["answered"] / run["sink"]["seconds"])
        rows.append(
            [
                name,
                f"{rate:.0f}",
                f"{median(runs, share):.1%}",
                _percent(settled_share(runs[0])),
                f"{median(runs, in_flight):.1f}",
                f"{median(runs, lambda run: run['sink']['peak_in_flight']):.0f}",
                f"{median(runs, refused):.2%}",
            ]
        )
    return [Table(TITLE, columns, rows)]


def _percent(part: float | None) -> str:
    return "" if part is None else f"{part:.1%}"


def findings(result: Mapping[str, Any]) -> list[Finding]:
    eight, rate = result["runs"][CAPACITY.name], result["runs"][RATE.name]
    return [
        Finding.at_least("8 at once in 20 ms: share of the capacity", median(eight, share), 0.95),
        Finding.at_most("8 at once in 20 ms: mean in flight", median(eight, in_flight), 24, "{:.1f}"),
        Finding.at_least("100 requests/s: share of the limit", median(rate, share), 0.95),
        Finding.at_most("100 requests/s: refused", median(rate, refused), 0.03, "{:.1%}"),
    ]


def draw(result: Mapping[str, Any], folder: Path) -> list[Path]:
    path = folder / "limiter.png"
    runs = result["runs"]
    with plots.figure(path, rows=2, columns=len(runs), width=12, height=5.5, sharex="col") as axes:
        for column, (name, found) in enumerate(runs.items()):
            trace = [
                point for point in found[0]["sink"]["trace"] if point["at"] <= found[0]["sink"]["seconds"]
            ]
            at = [point["at"] for point in trace]
            above, below = axes[0][column], axes[1][column]
            above.plot(at, [point["in_flight"] for point in trace], color=plots.SHADES[0], linewidth=1.3)
            above.set_title(name)
            above.set_ylim(bottom=0)
            width = max(1, round(0.5 / 0.05))
            answered = _smooth([point["answered_per_s"] for point in trace], width)
            refusals = _smooth([point["refused_per_s"] for point in trace], width)
            below.plot(at, answered, color=plots.SHADES[5], linewidth=1.6, label="answered")
            below.plot(at, refusals, color=plots.COLOURS["dlt"], linewidth=1.6, label="refused")
            if found[0]["offers"] <= 2 * max(answered):
                below.axhline(found[0]["offers"], color=plots.GREY, linestyle=":", label="what is offered")
                below.set_ylim(top=1.6 * found[0]["offers"])
            below.set_ylim(bottom=0)
            below.set_xlabel("seconds since the first request")
            below.legend(loc="upper right", ncols=3, fontsize="small")
        axes[0][0].set_ylabel("requests in flight at the service")
        axes[1][0].set_ylabel("requests/s (over 0.5 s)")
    return [path]


def _smooth(values: list[float], width: int) -> list[float]:
    """The mean of the last ``width`` values at each place."""
    return [sum(values[max(0, end - width) : end]) / min(end, width) for end in range(1, len(values) + 1)]
