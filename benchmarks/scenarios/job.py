"""The whole job, upload to download: against the sink beside peers, and with the embedded server."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks import ours, plots
from benchmarks.bench import Bench
from benchmarks.peers import catalogue
from benchmarks.report import Finding, Table, count, thousands
from benchmarks.rounds import Case, command_rate, median
from benchmarks.scenarios import comparison

NAME = "job"
TITLE = "The whole job: upload, job, download"
ROUNDS = 3
EMBEDDED = ("PassThrough", "ContactCleanse")


def run(bench: Bench) -> dict[str, Any]:
    """Against the sink, whose jobs take no time, then with the embedded server, whose jobs do the work."""
    many, few = (200_000, 100_000) if bench.quick else (1_000_000, 200_000)
    rounds = min(bench.rounds, ROUNDS)
    url = bench.sink.url
    out = bench.out("out.csv")
    file, small = bench.file(many), bench.file(few)
    sink = [
        Case(ours.NAME, ours.clean(file, out, workflow="PassThrough", url=url), many, ours.moved),
        *bench.peer(catalogue.AIOHTTP_JOB, many, file, url, out),
        *bench.peer(catalogue.HTTPX_JOB, few, small, url, out),
    ]
    embedded = [
        Case(workflow, ours.clean(small, out, workflow=workflow), few, ours.moved) for workflow in EMBEDDED
    ]
    return {
        "runs": bench.run(sink, rounds=rounds),
        "embedded": bench.run(embedded, rounds=1 if bench.quick else rounds),
        "embedded_records": few,
    }


def tables(result: Mapping[str, Any]) -> list[Table]:
    rows = []
    for workflow, runs in result["embedded"].items():
        phases = {phase: median(runs, _phase(phase)) for phase in ours.PHASES}
        rows.append(
            [
                workflow,
                thousands(median(runs, command_rate)),
                *(f"{phases[phase]:.2f}" for phase in ("upload", "job", "download")),
                f"{median(runs, lambda run: run['family_mb']):.0f}",
            ]
        )
    columns = ["", "thousand records/s", "upload s", "job s", "download s", "peak MB, all processes"]
    caption = f"The whole job with the embedded server, {count(result['embedded_records'])} records"
    sink = "The whole job against the sink, CSV to CSV"
    return [comparison.table(sink, result["runs"], ours.NAME), Table(caption, columns, rows)]


def _phase(phase: str) -> Any:
    return lambda run: ours.phases(run["told"])[phase]


def findings(result: Mapping[str, Any]) -> list[Finding]:
    return []


def draw(result: Mapping[str, Any], folder: Path) -> list[Path]:
    stacked = folder / "job-embedded.png"
    with plots.figure(stacked, width=8, height=2.6) as axes:
        names = list(result["embedded"])
        left = [0.0] * len(names)
        for phase, shade in zip(("upload", "job", "download"), plots.SHADES, strict=False):
            spans = [median(result["embedded"][name], _phase(phase)) for name in names]
            axes.barh(names, spans, left=left, height=0.55, color=shade, label=phase)
            left = [before + span for before, span in zip(left, spans, strict=True)]
        axes.invert_yaxis()
        axes.grid(visible=False, axis="y")
        axes.set_title(f"Embedded server, {count(result['embedded_records'])} records: where the time goes")
        axes.set_xlabel("seconds")
        axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return [comparison.rates(folder / "job.png", "The whole job against the sink", result["runs"]), stacked]
