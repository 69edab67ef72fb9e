"""A million records in every format: uploaded from it, downloaded into it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks import ours, plots
from benchmarks.bench import Bench
from benchmarks.report import Finding, Table, thousands
from benchmarks.rounds import Case, cpu_per_million, median, moving_rate, peak, spread

NAME = "formats"
TITLE = "By format"
KINDS = ("csv", "tsv", "ndjson", "json", "parquet", "csv.gz", "csv.zst")
DIRECTIONS = ("upload", "download")
ROUNDS = 3


def run(bench: Bench) -> dict[str, Any]:
    """Every format in turn, up and down."""
    records = 200_000 if bench.quick else 1_000_000
    url = bench.sink.url
    cases = []
    for kind in KINDS:
        up = ours.upload(bench.file(records, kind), url)
        down = ours.download(f"output_{records}", bench.out(f"out.{kind}"), url)
        cases.append(Case(f"upload {kind}", up, records, ours.moved))
        cases.append(Case(f"download {kind}", down, records, ours.moved))
    return {"records": records, "runs": bench.run(cases, rounds=min(bench.rounds, ROUNDS))}


def tables(result: Mapping[str, Any]) -> list[Table]:
    columns = ["", "thousand records/s", "CPU s per million", "peak MB"]
    runs = result["runs"]
    return [
        Table(
            f"{direction.capitalize()} of {result['records']:,} records by format",
            columns,
            [
                [
                    kind,
                    thousands(median(runs[f"{direction} {kind}"], moving_rate)),
                    f"{median(runs[f'{direction} {kind}'], cpu_per_million):.2f}",
                    f"{median(runs[f'{direction} {kind}'], peak):.0f}",
                ]
                for kind in KINDS
            ],
        )
        for direction in DIRECTIONS
    ]


def findings(result: Mapping[str, Any]) -> list[Finding]:
    return []


def draw(result: Mapping[str, Any], folder: Path) -> list[Path]:
    path = folder / "formats.png"
    with plots.figure(path, columns=2, width=10, height=4) as panels:
        for axes, direction in zip(panels, DIRECTIONS, strict=True):
            runs = [result["runs"][f"{direction} {kind}"] for kind in KINDS]
            plots.bars(
                axes,
                KINDS,
                [median(found, moving_rate) / 1000 for found in runs],
                [(low / 1000, high / 1000) for low, high in (spread(found, moving_rate) for found in runs)],
                colours=[plots.COLOURS[ours.NAME]] * len(KINDS),
            )
            axes.set_title(f"{direction.capitalize()} of {result['records']:,} records")
            axes.set_xlabel("thousand records/s")
    return [path]
