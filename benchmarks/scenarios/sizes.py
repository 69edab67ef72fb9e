"""The same upload from ten thousand to ten million records: what a record costs must not depend on it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks import ours, plots
from benchmarks.bench import Bench
from benchmarks.peers import catalogue
from benchmarks.report import Finding, Table, count, thousands
from benchmarks.rounds import Case, Runs, command_rate, cpu_per_million, median, moving_rate, peak
from benchmarks.scenarios import comparison

NAME = "sizes"
TITLE = "Upload by size of the file, CSV"
SIZES = (10_000, 100_000, 1_000_000, 10_000_000)
QUICK = SIZES[:3]
ROUNDS = 3
CONTENDERS = (ours.NAME, catalogue.EXPERT.name)


def label(contender: str, rows: int) -> str:
    """What one case is called."""
    return f"{contender}, {count(rows)}"


def run(bench: Bench) -> dict[str, Any]:
    """Small files first; each size in its own turns."""
    runs: Runs = {}
    url = bench.sink.url
    for rows in QUICK if bench.quick else SIZES:
        file = bench.file(rows)
        cases = [
            Case(label(ours.NAME, rows), ours.upload(file, url), rows, ours.moved),
            *bench.peer(catalogue.EXPERT, rows, file, url, name=label(catalogue.EXPERT.name, rows)),
        ]
        runs |= bench.run(cases, rounds=min(bench.rounds, ROUNDS))
    return {"runs": runs}


def _sizes(runs: Mapping[str, Any]) -> list[int]:
    return sorted({found[0]["records"] for found in runs.values()})


def tables(result: Mapping[str, Any]) -> list[Table]:
    columns = ["", "thousand records/s", "whole command", "CPU s per million", "peak MB"]
    rows = [
        [
            name,
            thousands(median(found, moving_rate)),
            thousands(median(found, command_rate)),
            f"{median(found, cpu_per_million):.2f}",
            f"{median(found, peak):.0f}",
        ]
        for name, found in result["runs"].items()
    ]
    return [Table(TITLE, columns, rows)]


def findings(result: Mapping[str, Any]) -> list[Finding]:
    runs = result["runs"]
    sizes = _sizes(runs)
    if sizes[-1] < SIZES[-1]:
        return []
    smaller, larger = runs[label(ours.NAME, SIZES[-2])], runs[label(ours.NAME, SIZES[-1])]
    return [
        Finding.at_most(
            "peak memory at 10 M records, times that at 1 M",
            median(larger, peak) / median(smaller, peak),
            1.1,
            "{:.2f} x",
        ),
        Finding.at_most(
            "CPU for a million records at 10 M, times that at 1 M",
            median(larger, cpu_per_million) / median(smaller, cpu_per_million),
            1.1,
            "{:.2f} x",
        ),
    ]


def draw(result: Mapping[str, Any], folder: Path) -> list[Path]:
    runs = result["runs"]
    sizes = _sizes(runs)
    path = folder / "sizes.png"
    with plots.figure(path, columns=3, width=12, height=4) as panels:
        for axes, title, figure, scale in (
            (panels[0], "Throughput, thousand records/s", moving_rate, 1000),
            (panels[1], "CPU seconds per million records", cpu_per_million, 1),
            (panels[2], "Most memory resident, MB", peak, 1),
        ):
            for contender in CONTENDERS:
                found = [(rows, runs.get(label(contender, rows))) for rows in sizes]
                points = [(rows, median(each, figure) / scale) for rows, each in found if each]
                axes.plot(
                    [rows for rows, _ in points],
                    [value for _, value in points],
                    marker="o",
                    color=plots.colour(contender),
                    label=contender,
                )
            axes.set_xscale("log")
            plots.plain_log(axes.xaxis, sizes, [count(rows) for rows in sizes])
            axes.set_ylim(bottom=0)
            axes.set_title(title)
            axes.set_xlabel("records in the file")
        panels[0].legend(loc="lower right")
    large = [name for name, found in runs.items() if found[0]["records"] >= SIZES[-2]]
    memory = comparison.memory_over_time(
        folder / "sizes-memory.png",
        "Memory over time by size of the file",
        {name: runs[name][0]["memory"] for name in large},
    )
    return [path, memory]
