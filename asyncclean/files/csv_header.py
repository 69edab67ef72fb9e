"""Finds out how a CSV file is written, from its header. Knows delimiters; reads no records.

The delimiter is a tab in TSV and a comma in CSV, but that a header without a comma tells of another: the
one of semicolon, tab and bar that parts it into the most columns.
"""

import re
from dataclasses import dataclass

from asyncclean.errors import InputError
from asyncclean.files.badrows import ENCODING_HINT, not_text
from asyncclean.files.columns import check_headers
from asyncclean.files.csv_records import Record, RecordSplitter
from asyncclean.files.formats import Format
from asyncclean.files.window import Window

UNCLOSED = "A quote in it may never be closed."

_QUOTED = re.compile(rb'"[^"]*+"')
_OTHERS = (b";", b"\t", b"|")


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a file writes its records. ``skip_spaces``: spaces before a field are no part of it."""

    delimiter: bytes
    skip_spaces: bool = False


@dataclass(frozen=True, slots=True)
class Header:
    """What a file says before its records, the first of which is at byte ``offset`` and on ``line``."""

    headers: list[str]
    dialect: Dialect
    offset: int
    line: int


def read_header(window: Window, format: Format) -> Header:
    """Raises InputError for a file without a header, or with one that cannot be used."""
    path = window.stream.path
    delimiter = b"\t" if format == "tsv" else b","
    first = None
    while first is None and not window.final:
        window.fill(advice=UNCLOSED)
        _check_line_ends(window)
        splitter = RecordSplitter(delimiter)
        first = next(splitter.split(window.data, final=window.final), None)
    if first is None:
        what = "holds nothing but blank lines" if b"\n" in window.data[:-1] else "is empty"
        raise InputError(path, f"{what}: there is no header.", hint="Its first line must name the columns.")
    text = window.data[first.start : first.end]
    line = window.line + first.line
    if b"\r" in _QUOTED.sub(b"", text):
        raise _carriage_returns(window)
    fields = _fields(first, window, line)
    if format == "csv" and len(fields) == 1:
        for other in _OTHERS:
            # None where it opens a quote that is not closed as far as was read.
            again = next(RecordSplitter(other).split(window.data, final=window.final), None)
            if again is not None and again.fields is not None and len(again.fields) > len(fields):
                delimiter, fields = other, _fields(again, window, line)
    skip_spaces = len(fields) > 1 and all(field.startswith(" ") for field in fields[1:])
    headers = [field.lstrip(" ") for field in fields] if skip_spaces else fields
    check_headers(path, headers, line=line)
    window.consume(splitter.consumed, splitter.lines)
    return Header(headers, Dialect(delimiter, skip_spaces), window.offset, window.line)


def _fields(record: Record, window: Window, line: int) -> list[str]:
    if record.fields is None:
        raise InputError(
            window.stream.path, "a quote in the header is never closed.", line=line, hint="Close it."
        )
    try:
        return [(field or b"").decode() for field in record.fields]
    except UnicodeDecodeError as error:
        raise InputError(
            window.stream.path, f"in the header, {not_text(error)}", line=line, hint=ENCODING_HINT
        ) from None


def _check_line_ends(window: Window) -> None:
    if not window.final and b"\n" not in window.data and b"\r" in window.data[:-1]:
        raise _carriage_returns(window)


def _carriage_returns(window: Window) -> InputError:
    return InputError(
        window.stream.path,
        "its lines end in a lone carriage return (CR), as on old Macs.",
        line=window.line,
        hint="Save it with LF or CRLF line ends.",
    )
