"""Splits CSV into records one by one, exactly. Knows the rules of CSV; knows no frames and no chunks.

The rules are those of Python's csv module, which are RFC 4180 with answers for what breaks it: a field that
begins with a quote lasts until the next lone quote, delimiters and line ends included; a doubled quote in
it is one quote; what stands between the closing quote and the delimiter is added as it is; a quote
elsewhere is a character like any other. A record ends at LF, with any CR right before it; a CR elsewhere
is a character. An empty line is no record. An empty field without quotes is missing (None), ``""`` is an
empty text.

This is the slow way (some 200,000 records/s), for chunks in which something is out of the ordinary.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

QUOTE = b'"'
LINE_FEED = 0x0A


@dataclass(frozen=True, slots=True)
class Record:
    """A record as it stands: ``data[start:end]`` without its line end, and its fields.

    ``line``: counted from 0 at the start of the data. ``fields`` is None where a quote is never closed; the
    record then ends with the line of that quote, which is ``opened`` lines behind its first.
    """

    start: int
    end: int
    line: int
    fields: list[bytes | None] | None
    opened: int = 0


class RecordSplitter:
    """Splits data that starts at the start of a record, and ends with a line end where nothing comes behind.

    ``skip_spaces``: spaces before a field are no part of it. After iterating, `consumed` and `lines` say how
    many bytes and line ends lie before the first record that is not complete.
    """

    def __init__(self, delimiter: bytes, *, skip_spaces: bool = False) -> None:
        self._delimiter = delimiter
        self._skip_spaces = skip_spaces
        escaped = re.escape(delimiter)
        spaces = b" *+" if skip_spaces else b""
        # Possessive: a field of megabytes must not be tried twice.
        self._quoted = re.compile(spaces + rb'"([^"]*+(?:""[^"]*+)*+)"([^' + escaped + rb"\n]*+)")
        self._plain = re.compile(spaces + rb"([^" + escaped + rb"\n]*+)")
        self._opening = re.compile(spaces + QUOTE)
        # A quote that may open a field, seen from inside of a line.
        self._may_quote = re.compile(rb"(?:\A|" + escaped + rb")" + spaces + QUOTE)
        self.consumed = 0
        self.lines = 0

    def split(self, data: bytes, *, final: bool) -> Iterator[Record]:
        """The complete records of ``data``; ``final``: nothing comes behind it."""
        at = line = self.consumed = self.lines = 0
        while (end := data.find(b"\n", at)) >= 0:
            text = data[at:end]
            if QUOTE in text and self._may_quote.search(text):
                record = self._with_quotes(data, at, line, final=final)
                if record is None:
                    return
                end = data.index(b"\n", record.end)
            else:
                bare = text.rstrip(b"\r")
                record = Record(at, at + len(bare), line, self._fields(bare))
            line += 1 + data.count(b"\n", at, end)
            at = end + 1
            self.consumed, self.lines = at, line
            if record.start < record.end:
                yield record

    def _fields(self, text: bytes) -> list[bytes | None]:
        parts = text.split(self._delimiter)
        return [(part.lstrip(b" ") if self._skip_spaces else part) or None for part in parts]

    def _with_quotes(self, data: bytes, start: int, line: int, *, final: bool) -> Record | None:
        """The record at ``start``, or None where it is not complete yet."""
        fields: list[bytes | None] = []
        at = start
        while True:
            # There are three cases: a field in quotes, one whose quote is not closed in this data, and
            # one without quotes.
            if (match := self._quoted.match(data, at)) is not None:
                value, behind = match[1].replace(b'""', b'"'), match[2]
            elif self._opening.match(data, at):
                opened = data.count(b"\n", start, at)
                return Record(start, data.index(b"\n", at), line, None, opened) if final else None
            else:
                match = self._plain.match(data, at)
                assert match is not None
                value, behind = None, match[1]
            at = match.end()
            if at == len(data):
                return None
            ends = data[at] == LINE_FEED
            if ends:
                behind = behind.rstrip(b"\r")
            fields.append((behind or None) if value is None else value + behind)
            if ends:
                return Record(start, start + len(data[start:at].rstrip(b"\r")), line, fields)
            at += 1
