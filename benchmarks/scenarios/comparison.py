"""What scenarios that set contenders beside each other share: one table and one plot."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks import plots
from benchmarks.report import Table, count, thousands
from benchmarks.rounds import (
    command_rate,
    cpu_per_million,
    median,
    moving_rate,
    peak,
    ratio,
    spread,
)

Runs = Mapping[str, Sequence[Mapping[str, Any]]]
COLUMNS = (
    "",
    "records",
    "thousand records/s",
    "whole command",
    "{} is",
    "by CPU",
    "CPU s per million",
    "peak MB",
)


def table(caption: str, runs: Runs, ours: str) -> Table:
    """A row for each contender: its figures, and how many times as fast ``ours`` is."""
    rows = []
    for name, found in runs.items():
        rows.append(
            [
                f"{name} ({found[0]['about']})" if found[0].get("about") else f"**{name}**",
                count(found[0]["records"]),
                thousands(median(found, moving_rate)),
                thousands(median(found, command_rate)),
                f"{ratio(runs, ours, name, moving_rate):.2f} x",
                f"{ratio(runs, name, ours, cpu_per_million):.2f} x",
                f"{median(found, cpu_per_million):.2f}",
                f"{median(found, peak):,.0f}",
            ]
        )
    return Table(caption, [column.format(ours) for column in COLUMNS], rows)


def rates(path: Path, title: str, runs: Runs) -> Path:
    """Bars of records a second without starting up, and of the most memory."""
    names = list(runs)
    colours = [plots.colour(name) for name in names]
    with plots.figure(path, columns=2, width=11, height=1.3 + 0.42 * len(names), width_ratios=(3, 2)) as axes:
        fast, memory = axes
        spans = [spread(runs[name], moving_rate) for name in names]
        plots.bars(
            fast,
            names,
            [median(runs[name], moving_rate) / 1000 for name in names],
            [(low / 1000, high / 1000) for low, high in spans],
            colours=colours,
        )
        fast.set_title(title)
        fast.set_xlabel("thousand records/s (median; lines: lowest to highest)")
        peaks = [median(runs[name], peak) for name in names]
        plots.bars(
            memory, [""] * len(names), peaks, [spread(runs[name], peak) for name in names], colours=colours
        )
        memory.set_title("Most memory resident")
        memory.set_xlabel("MB")
    return path


def memory_over_time(path: Path, title: str, series: Mapping[str, Sequence[Sequence[float]]]) -> Path:
    """Resident memory of one run each, from its start to its end."""
    with plots.figure(path, width=8, height=4) as axes:
        for index, (name, points) in enumerate(series.items()):
            contender = name.split(",")[0]
            axes.plot(
                [at for at, _ in points],
                [megabytes for _, megabytes in points],
                label=name,
                color=plots.colour(contender, index),
                linestyle="-" if name == contender or name.endswith("1 M") else "--",
            )
        axes.set_title(title)
        axes.set_xlabel("seconds since the command was started")
        axes.set_ylabel("resident memory, MB")
        axes.set_ylim(bottom=0)
        axes.set_xlim(left=0)
        axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return path
