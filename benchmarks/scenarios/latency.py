"""Latency added to every request: what asyncclean finds by itself beside every fixed number in flight."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks import ours, plots
from benchmarks.bench import BLOCK, Bench
from benchmarks.report import Finding, Table, thousands
from benchmarks.rounds import Case, Runs, median, moving_rate
from benchmarks.sink.behaviour import Behaviour

NAME = "latency"
TITLE = "Upload by latency added to every request"
CAPACITY = 256
"""Requests that the service takes at once."""

SWEEP: Mapping[int, tuple[int, ...]] = {
    0: (2, 8, 32),
    10: (4, 16, 64),
    50: (8, 32, 64, 128, 256),
    200: (32, 64, 128, 256),
}
"""Milliseconds: the fixed numbers in flight that are tried."""

QUICK: Mapping[int, tuple[int, ...]] = {50: (16, 64, 256)}
RECORDS = 1_000_000
ENOUGH_S = 6.0
"""What would take longer than this moves fewer records: it is not the best, and its rate shows early."""

ROUNDS = 3
AUTO = "auto"


def _records(milliseconds: int, fixed: int) -> int:
    if not milliseconds:
        return RECORDS
    most = fixed / (milliseconds / 1000) * BLOCK * ENOUGH_S
    return next((rows for rows in (1_000_000, 500_000, 200_000, 100_000) if rows <= most), 50_000)


def label(milliseconds: int, concurrency: int | str) -> str:
    """What one case is called."""
    return f"{milliseconds} ms, {concurrency}"


def run(bench: Bench) -> dict[str, Any]:
    """For each latency all numbers in flight in turn, the found one among them."""
    runs: Runs = {}
    url = bench.sink.url
    sweep = QUICK if bench.quick else SWEEP
    for milliseconds, concurrencies in sweep.items():
        cases = [
            Case(
                label(milliseconds, AUTO),
                ours.upload(bench.file(RECORDS), url),
                RECORDS,
                ours.moved,
                {"latency": milliseconds, "concurrency": AUTO},
            )
        ]
        for fixed in concurrencies:
            records = _records(milliseconds, fixed)
            command = ours.upload(bench.file(records), url, concurrency=fixed)
            facts = {"latency": milliseconds, "concurrency": fixed}
            cases.append(Case(label(milliseconds, fixed), command, records, ours.moved, facts))
        seconds = milliseconds / 1000
        behaviour = Behaviour(capacity=CAPACITY, service=seconds) if milliseconds else Behaviour()
        runs |= bench.run(cases, behaviour=behaviour, rounds=min(bench.rounds, ROUNDS))
    return {"runs": runs}


def _latencies(runs: Mapping[str, Any]) -> dict[int, list[str]]:
    """The names of the cases by latency, the found one first."""
    by_latency: dict[int, list[str]] = {}
    for name, found in runs.items():
        by_latency.setdefault(found[0]["latency"], []).append(name)
    return by_latency


def share(runs: Mapping[str, Any], milliseconds: int) -> tuple[float, int]:
    """What auto reaches of the best fixed number, and which that is."""
    auto = runs[label(milliseconds, AUTO)]
    fixed = [runs[name] for name in _latencies(runs)[milliseconds] if name != label(milliseconds, AUTO)]
    best = max(fixed, key=lambda found: median(found, moving_rate))
    ratios = [moving_rate(one) / moving_rate(other) for one, other in zip(auto, best, strict=True)]
    return sorted(ratios)[len(ratios) // 2], best[0]["concurrency"]


def tables(result: Mapping[str, Any]) -> list[Table]:
    runs = result["runs"]
    rows = []
    for milliseconds, names in _latencies(runs).items():
        reached, best = share(runs, milliseconds)
        auto = runs[label(milliseconds, AUTO)]
        fixed = ", ".join(
            f"{runs[name][0]['concurrency']}: {thousands(median(runs[name], moving_rate))}"
            for name in names
            if name != label(milliseconds, AUTO)
        )
        mean = median(auto, lambda run: run["sink"]["mean_in_flight"])
        rows.append(
            [
                f"{milliseconds} ms",
                thousands(median(auto, moving_rate)),
                f"{reached:.2f}",
                f"{best}",
                f"{mean:.0f}",
                fixed,
            ]
        )
    columns = [
        "latency",
        "auto, thousand records/s",
        "of the best fixed",
        "which is",
        "mean in flight",
        "fixed: thousand records/s",
    ]
    return [Table(f"{TITLE} (a service that takes {CAPACITY} at once)", columns, rows)]


def findings(result: Mapping[str, Any]) -> list[Finding]:
    runs = result["runs"]
    found = []
    for milliseconds in _latencies(runs):
        reached, best = share(runs, milliseconds)
        found.append(
            Finding.at_least(f"{milliseconds} ms added: share of the best fixed ({best})", reached, 0.9)
        )
    return found


def draw(result: Mapping[str, Any], folder: Path) -> list[Path]:
    runs = result["runs"]
    by_latency = _latencies(runs)
    path = folder / "concurrency.png"
    with plots.figure(path, width=8.5, height=4.8) as axes:
        ticks: set[int] = set()
        for index, (milliseconds, names) in enumerate(by_latency.items()):
            shade = (plots.SHADES[0], plots.SHADES[3], plots.SHADES[5], plots.SHADES[7])[index % 4]
            fixed = sorted(
                (runs[name][0]["concurrency"], median(runs[name], moving_rate) / 1000)
                for name in names
                if name != label(milliseconds, AUTO)
            )
            axes.plot(
                [number for number, _ in fixed],
                [rate for _, rate in fixed],
                marker="o",
                color=shade,
                label=f"{milliseconds} ms",
            )
            auto = median(runs[label(milliseconds, AUTO)], moving_rate) / 1000
            axes.axhline(auto, color=shade, linestyle="--", linewidth=1.2)
            ticks |= {number for number, _ in fixed}
        axes.plot([], [], color=plots.GREY, linestyle="--", linewidth=1.2, label="found by itself")
        axes.set_xscale("log", base=2)
        plots.plain_log(axes.xaxis, sorted(ticks), [str(tick) for tick in sorted(ticks)])
        axes.set_ylim(bottom=0)
        axes.set_title("Throughput by requests in flight and latency")
        axes.set_xlabel("requests in flight, fixed")
        axes.set_ylabel("thousand records/s")
        axes.legend(title="latency added", loc="upper left", bbox_to_anchor=(1.0, 1.0))
    if len(by_latency) < 2:
        return [path]
    return [path, _by_latency(folder / "latency.png", runs, by_latency)]


def _by_latency(path: Path, runs: Mapping[str, Any], by_latency: Mapping[int, list[str]]) -> Path:
    with plots.figure(path, width=7, height=4) as axes:
        places = range(len(by_latency))
        best = [
            max(median(runs[name], moving_rate) for name in names if not name.endswith(AUTO)) / 1000
            for names in by_latency.values()
        ]
        auto = [median(runs[label(milliseconds, AUTO)], moving_rate) / 1000 for milliseconds in by_latency]
        axes.plot(places, best, marker="o", color=plots.GREY, label="best fixed number in flight")
        axes.plot(places, auto, marker="o", color=plots.COLOURS[ours.NAME], label="found by itself (default)")
        axes.set_xticks(list(places), [f"{milliseconds} ms" for milliseconds in by_latency])
        axes.set_ylim(bottom=0)
        axes.set_title("Throughput by latency")
        axes.set_xlabel("latency added to every request")
        axes.set_ylabel("thousand records/s")
        axes.legend(loc="lower left")
    return path
