"""A million records of output into a file: asyncclean beside what else one would use."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks import ours
from benchmarks.bench import Bench
from benchmarks.peers import catalogue
from benchmarks.report import Finding, Table
from benchmarks.rounds import Case, median, moving_rate, peak, ratio
from benchmarks.scenarios import comparison

NAME = "download"
TITLE = "Download of 1 million records"
RECORDS = 1_000_000
KINDS = ("csv", "json", "ndjson")
AIMS = {"csv": 3.0, "json": 6.0, "ndjson": 6.0}


def contender(kind: str) -> str:
    """What asyncclean is called here."""
    return f"{ours.NAME} to {kind}"


def run(bench: Bench) -> dict[str, Any]:
    """All contenders in turn, with pages of 1,000 records."""
    few = 200_000 if bench.quick else RECORDS
    url = bench.sink.url
    whole = f"output_{RECORDS}"
    cases = [
        Case(contender(kind), ours.download(whole, bench.out(f"out.{kind}"), url), RECORDS, ours.moved)
        for kind in KINDS
    ]
    cases += [
        *bench.peer(catalogue.AIOHTTP_DOWN, RECORDS, url, whole, bench.out("aiohttp.csv")),
        *bench.peer(catalogue.HTTPX_DOWN, few, url, f"output_{few}", bench.out("httpx.csv")),
        *bench.peer(catalogue.PAGES_DOWN, RECORDS, url, whole, bench.out("pages.json")),
        *bench.peer(catalogue.BARE, RECORDS, "download", RECORDS, url),
    ]
    return {"runs": bench.run(cases)}


def tables(result: Mapping[str, Any]) -> list[Table]:
    return [comparison.table(TITLE, result["runs"], contender("csv"))]


def findings(result: Mapping[str, Any]) -> list[Finding]:
    runs = result["runs"]
    script = catalogue.AIOHTTP_DOWN.name
    found = []
    for kind in KINDS:
        times = ratio(runs, contender(kind), script, moving_rate)
        what = f"download to {kind}, times as fast as: {script}"
        found.append(Finding.at_least(what, times, AIMS[kind], "{:.2f} x"))
    for kind in KINDS:
        most = median(runs[contender(kind)], peak)
        found.append(Finding.at_most(f"download of 1 M to {kind}, peak memory", most, 120, "{:.0f} MB"))
    return found


def draw(result: Mapping[str, Any], folder: Path) -> list[Path]:
    compared = {name: runs for name, runs in result["runs"].items() if name != catalogue.BARE.name}
    return [
        comparison.rates(folder / "download.png", TITLE, compared),
        comparison.memory_over_time(
            folder / "download-memory.png",
            "Memory over time, download of 1 million records",
            {name: runs[0]["memory"] for name, runs in compared.items() if name != catalogue.HTTPX_DOWN.name},
        ),
    ]
