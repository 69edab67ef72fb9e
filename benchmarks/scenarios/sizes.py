"""The same upload from ten thousand to ten million records: what a record costs must not depend on it.

What starting up costs is measured with a file of one block, and taken off the processor time.
"""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks import ours, plots
from benchmarks.bench import Bench
from benchmarks.peers import catalogue
from benchmarks.report import Finding, Table, count, thousands
from benchmarks.rounds import Case, Runs, command_rate, median, moving_rate, peak
from benchmarks.scenarios import comparison

NAME = "sizes"
TITLE = "Upload by size of the file, CSV"
SIZES = (10_000, 100_000, 1_000_000, 10_000_000)
QUICK = SIZES[:3]
ONE_BLOCK = 1000
LEAST = 100_000
"""Fewer records cost less processor time than one start of Python differs from the next."""

ROUNDS = 3
CONTENDERS = (ours.NAME, catalogue.EXPERT.name)


def label(contender: str, rows: int) -> str:
    """What one case is called."""
    return f"{contender}, {count(rows)}"


def run(bench: Bench) -> dict[str, Any]:
    """Small files first; each size in its own turns."""
    runs: Runs = {}
    url = bench.sink.url
    for rows in (ONE_BLOCK, *(QUICK if bench.quick else SIZES)):
        file = bench.file(rows)
        cases = [
            Case(label(ours.NAME, rows), ours.upload(file, url), rows, ours.moved),
            *bench.peer(catalogue.EXPERT, rows, file, url, name=label(catalogue.EXPERT.name, rows)),
        ]
        runs |= bench.run(cases, rounds=min(bench.rounds, ROUNDS))
    return {"runs": runs}


def _sizes(runs: Mapping[str, Any]) -> list[int]:
    return sorted({found[0]["records"] for found in runs.values()} - {ONE_BLOCK})


def cpu(runs: Mapping[str, Any], contender: str, rows: int) -> float:
    """Seconds of processor time for a million records more, without starting up; NaN for few records."""
    if rows < LEAST:
        return math.nan
    start = median(runs[label(contender, ONE_BLOCK)], _cpu)
    return (median(runs[label(contender, rows)], _cpu) - start) / (rows - ONE_BLOCK) * 1e6


def _cpu(run: Mapping[str, Any]) -> float:
    return float(run["cpu"])


def tables(result: Mapping[str, Any]) -> list[Table]:
    columns = ["", "thousand records/s", "whole command", "CPU s per million more", "peak MB"]
    runs = result["runs"]
    rows = []
    for contender in _contenders(runs):
        start = runs[label(contender, ONE_BLOCK)]
        seconds = median(start, lambda run: run["wall"])
        rows.append([f"{contender}, one block", "", f"({seconds:.2f} s)", "", f"{median(start, peak):.0f}"])
        for size in _sizes(runs):
            found = runs[label(contender, size)]
            rows.append(
                [
                    label(contender, size),
                    thousands(median(found, moving_rate)),
                    thousands(median(found, command_rate)),
                    f"{cpu(runs, contender, size):.2f}" if size >= LEAST else "",
                    f"{median(found, peak):.0f}",
                ]
            )
    return [Table(TITLE, columns, rows)]


def _contenders(runs: Mapping[str, Any]) -> list[str]:
    return [contender for contender in CONTENDERS if label(contender, ONE_BLOCK) in runs]


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
            "CPU for a million records more at 10 M, times that at 1 M",
            cpu(runs, ours.NAME, SIZES[-1]) / cpu(runs, ours.NAME, SIZES[-2]),
            1.1,
            "{:.2f} x",
        ),
    ]


def _rate(runs: Mapping[str, Any], contender: str, rows: int) -> float:
    return median(runs[label(contender, rows)], moving_rate) / 1000


def _peak(runs: Mapping[str, Any], contender: str, rows: int) -> float:
    return median(runs[label(contender, rows)], peak)


def draw(result: Mapping[str, Any], folder: Path) -> list[Path]:
    runs = result["runs"]
    sizes = _sizes(runs)
    path = folder / "sizes.png"
    with plots.figure(path, columns=3, width=12, height=4) as panels:
        for axes, title, figure in (
            (panels[0], "Throughput, thousand records/s", _rate),
            (panels[1], "CPU seconds per million records more", cpu),
            (panels[2], "Most memory resident, MB", _peak),
        ):
            for contender in _contenders(runs):
                points = [figure(runs, contender, rows) for rows in sizes]
                axes.plot(sizes, points, marker="o", color=plots.colour(contender), label=contender)
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
