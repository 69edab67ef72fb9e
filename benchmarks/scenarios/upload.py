"""A million records of CSV into a dataset: asyncclean beside what else one would use."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks import ours
from benchmarks.bench import Bench
from benchmarks.peers import catalogue
from benchmarks.report import Finding, Table
from benchmarks.rounds import Case, median, moving_rate, peak, ratio
from benchmarks.scenarios import comparison

NAME = "upload"
TITLE = "Upload of 1 million records, CSV"
RECORDS = 1_000_000
AIMS = (
    (catalogue.AIOHTTP.name, 6.0),
    (catalogue.HTTPX.name, 12.0),
    (catalogue.DLT.name, 40.0),
    (catalogue.ENCODING.name, 0.7),
)


def run(bench: Bench) -> dict[str, Any]:
    """All contenders in turn. The slow ones move fewer records: their cost per record is the same."""
    few, fewest = (200_000, 100_000) if bench.quick else (RECORDS, 200_000)
    file = bench.file(RECORDS)
    url = bench.sink.url
    cases = [
        Case(ours.NAME, ours.upload(file, url), RECORDS, ours.moved),
        *bench.peer(catalogue.EXPERT, RECORDS, file, url),
        *bench.peer(catalogue.AIOHTTP, RECORDS, file, url),
        *bench.peer(catalogue.HTTPX, few, bench.file(few), url),
        *bench.peer(catalogue.DLT, fewest, bench.file(fewest), url),
        *bench.peer(catalogue.ENCODING, RECORDS, file),
        *bench.peer(catalogue.BARE, RECORDS, "upload", RECORDS, url),
    ]
    return {"runs": bench.run(cases)}


def tables(result: Mapping[str, Any]) -> list[Table]:
    return [comparison.table(TITLE, result["runs"], ours.NAME)]


def findings(result: Mapping[str, Any]) -> list[Finding]:
    runs = result["runs"]
    found = [
        Finding.at_least(
            f"upload, times as fast as: {name}", ratio(runs, ours.NAME, name, moving_rate), aim, "{:.2f} x"
        )
        for name, aim in AIMS
        if name in runs
    ]
    most = median(runs[ours.NAME], peak)
    return [*found, Finding.at_most("upload of 1 M, peak memory", most, 120, "{:.0f} MB")]


def draw(result: Mapping[str, Any], folder: Path) -> list[Path]:
    compared = {name: runs for name, runs in result["runs"].items() if name != catalogue.BARE.name}
    return [
        comparison.rates(folder / "upload.png", TITLE, compared),
        comparison.memory_over_time(
            folder / "upload-memory.png",
            "Memory over time, upload of 1 million records",
            {
                name: runs[0]["memory"]
                for name, runs in compared.items()
                if runs[0]["records"] == RECORDS and name != catalogue.HTTPX.name
            },
        ),
    ]
