"""Prints what a run came to: lines for people on standard error, or one JSON line on standard output."""

from collections.abc import Mapping
from pathlib import Path

import orjson

from asyncclean.cli.eta import words
from asyncclean.cli.streams import print_line, say
from asyncclean.errors import printable, shortened
from asyncclean.summary import DownloadSummary, DryRun, Summary, UploadSummary

DONE, DONE_WITH_REJECTS = 0, 3

STATUSES = ("valid", "corrected", "invalid", "empty")
"""What a workflow says of a column's values, in the order in which it is shown."""

WORTH_SAYING_S = 1.0
"""A phase shorter than this was bounded by getting under way, and by nothing worth telling."""

BOUNDS = {
    "reader": "reading the input",
    "encoder": "encoding blocks",
    "writer": "writing the output",
    "network": "the network",
    "service": "the service",
    "rate": "the rate of requests allowed",
}


def print_json(summary: object) -> None:
    """One line of JSON on standard output. Raises OutputError."""
    print_line(orjson.dumps(summary, option=orjson.OPT_SORT_KEYS))


def report_clean(summary: Summary) -> None:
    """The lines at the end of ``clean``."""
    first = next(iter(summary.outputs.values()))
    say(f"{counted(summary.records_out, 'record')} in {first}{_rejected(summary.records_rejected, summary)}")
    for key, path in list(summary.outputs.items())[1:]:
        say(f"  and {key} in {path}")
    for line in statistics_table(summary.statistics):
        say(f"  {line}")
    _figures(summary, f"{counted(summary.blocks, 'block')} up, {counted(summary.pages, 'page')} down")


def statistics_table(statistics: Mapping[str, object]) -> list[str]:
    """A job's counts as lines: those by column and status as a table, all others in a row."""
    by_column: dict[str, dict[str, int]] = {}
    others = []
    for key, count in statistics.items():
        name = shortened(printable(key))
        column, _, status = name.rpartition("_")
        if isinstance(count, int) and column and status in STATUSES:
            by_column.setdefault(column, {})[status] = count
        else:
            others.append(f"{name} {count:,}" if isinstance(count, int) else f"{name} {_said(count)}")
    if not by_column:
        return [", ".join(others)] if others else []
    width = max(map(len, by_column))
    head = " " * width + "".join(f"{status:>11}" for status in STATUSES)
    rows = [
        f"{column:<{width}}" + "".join(f"{counts.get(status, 0):>11,}" for status in STATUSES)
        for column, counts in by_column.items()
    ]
    return [head, *rows, ", ".join(others)]


def _said(value: object) -> str:
    return shortened(printable(str(value)))


def report_upload(summary: UploadSummary) -> None:
    """The lines at the end of ``upload``."""
    state = "complete" if summary.completed else "still open"
    say(
        f"{counted(summary.records_accepted, 'record')} in dataset {summary.dataset} ({state})"
        f"{_rejected(summary.records_rejected, summary)}"
    )
    _figures(summary, f"{counted(summary.blocks, 'block')}, {sized(summary.bytes)} of JSON")


def report_download(summary: DownloadSummary) -> None:
    """The lines at the end of ``download``."""
    say(f"{counted(summary.records_out, 'record')} in {summary.output}")
    _figures(summary, counted(summary.pages, "page"))


def report_dry_run(path: Path, found: DryRun) -> None:
    """What ``clean --dry-run`` found in one file."""
    say(f"{path}: {counted(found.records_in, 'record')}, {found.records_rejected:,} of them bad")
    for reject in found.rejects:
        say(f"  line {reject['line']:,}: {reject['reason']}")
    if (more := found.records_rejected - len(found.rejects)) > 0:
        say(f"  and {more:,} more")
    say(f"  would go up in {counted(found.blocks, 'block')}, {sized(found.bytes)} of JSON, as:")
    for name, facts in found.columns.items():
        header = "" if facts["header"] == name else f"  (from {facts['header']!r})"
        say(f"  {name}: {facts['kind']}{header}")


def counted(count: int, one: str, many: str | None = None) -> str:
    """``1 block``, ``1,200 blocks``; ``many`` where that is not ``one`` with an s."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def sized(size: int) -> str:
    """Bytes in the unit that shows them: ``183 bytes``, ``141.8 kB``, ``1,400.0 MB``."""
    if size < 1000:
        return counted(size, "byte")
    return f"{size / 1e3:,.1f} kB" if size < 1_000_000 else f"{size / 1e6:,.1f} MB"


def _rejected(count: int, summary: Summary | UploadSummary) -> str:
    return f", {count:,} rejected (see {summary.rejects})" if count else ""


def _figures(summary: Summary | UploadSummary | DownloadSummary, moved: str) -> None:
    retries = f", {counted(summary.retries, 'retry', 'retries')}" if summary.retries else ""
    say(f"  {moved}{retries}, {words(sum(summary.seconds.values()))}")
    for phase, bound in summary.bounded_by.items():
        if summary.seconds.get(phase, 0.0) < WORTH_SAYING_S:
            continue
        say(f"  {phase}: bounded by {BOUNDS.get(bound, bound)}")
