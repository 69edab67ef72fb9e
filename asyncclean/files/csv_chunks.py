"""Reads a chunk of CSV with polars, and proves that what comes out is right. Knows no files.

polars fills up rows that are too short, and counts rows by the parity of quotes. So its frame is believed
only when a chunk is shown to be plain: every quote opens or closes a field, every row has as many fields
as there are columns, no CR stands alone, all is UTF-8. For any other chunk there is no answer here.

There are two proofs, both by polars, without the interpreter's lock. Where quotes are few, the fields in
quotes are cut out with what parts them, and no quote may remain: 0.3 us a field. Where they are many, an
automaton reads it all: 2 ns a byte.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import polars as pl
import polars.exceptions

from asyncclean.files.columns import Columns
from asyncclean.files.csv_header import Dialect
from asyncclean.files.json_lines import JsonRows
from asyncclean.files.window import BOM

_QUOTE = b'"'
_SAMPLE = 1 << 15
_ASTRAY = r'"|\r(?:[^\n]|\z)'
"""Outside of quotes: a quote, or a CR that ends no line."""
_PIECE = 1 << 17
_MANY = 80
"""Quotes are many when there is one in so many bytes: then both proofs take as long where some last field is
empty. Where none is, they do at one in 20."""


@dataclass(frozen=True, slots=True)
class ReadChunk:
    """The rows of the first ``length`` bytes, as texts or their JSON, in which ``lines`` lines end.

    ``breaks``: how many line ends are inside of each row, or None where there are none at all.
    """

    data: pl.DataFrame | JsonRows
    length: int
    lines: int
    breaks: Sequence[int] | None


class ChunkReader(Protocol):
    """Reads chunks of one file."""

    def read(self, data: bytes, *, final: bool) -> ReadChunk | None:
        """The rows of as much of ``data`` as ends with a row, or None where it is not plain."""


class FrameReader:
    """Reads them into frames."""

    def __init__(self, dialect: Dialect, columns: Columns) -> None:
        names = [column.name for column in columns]
        self._delimiter = dialect.delimiter.decode()
        self._skip_spaces = dialect.skip_spaces
        self._schema = dict.fromkeys(names, pl.String)
        self._last = names[-1]
        self._delimiters = len(names) - 1
        self._quoted = {in_line: _quoted(in_line) for in_line in (True, False)}
        self._runs = {in_line: _runs(self._delimiter, in_line) for in_line in (True, False)}
        self._plain = {in_line: _plain(self._delimiter, in_line, len(names)) for in_line in (True, False)}

    def read(self, data: bytes, *, final: bool) -> ReadChunk | None:
        # There are three cases: no field holds a line end, and every line is a row; some do, and rows end
        # where an even number of quotes lies before; it is not plain.
        length = data.rfind(b"\n") + 1
        frame = self._frame(_first(data, length), in_line=True)
        if frame is not None:
            return ReadChunk(self._stripped(frame), length, frame.height, None)
        if _QUOTE not in data:
            return None
        length = length if final else cut(data)
        chunk = _first(data, length)
        frame = self._frame(chunk, in_line=False)
        if frame is None:
            return None
        return ReadChunk(self._stripped(frame), length, chunk.count(b"\n"), self._breaks(frame))

    def _frame(self, chunk: bytes, *, in_line: bool) -> pl.DataFrame | None:
        """The rows of a chunk that is plain; ``in_line``: and no field of which holds a line end."""
        if not chunk or chunk.startswith(BOM) or (self._skip_spaces and _QUOTE in chunk):
            return None
        text = _text(chunk, in_line)
        if text is None:
            return None
        sampled = min(len(chunk), _SAMPLE)
        if chunk.count(_QUOTE, 0, sampled) * _MANY > sampled:
            plain = self._by_automaton(text, in_line)
            if plain is not None:
                return self._parsed(chunk) if plain else None
        if text.str.replace_all(self._runs[in_line], ",").str.contains(_ASTRAY).any():
            return None
        del text
        frame = self._parsed(chunk)
        # A row that was too short has nulls at its end; one too long is refused by polars.
        if frame is not None and frame[self._last].null_count():
            return frame if self._all_wide(chunk, frame.height, in_line) else None
        return frame

    def _by_automaton(self, text: pl.Series, in_line: bool) -> bool | None:
        """Whether all is plain; None where there are too many columns for an automaton (some 4,000)."""
        try:
            return text.str.contains(self._plain[in_line]).all()
        except pl.exceptions.PolarsError:
            return None

    def _all_wide(self, chunk: bytes, rows: int, in_line: bool) -> bool:
        """Whether each row has all its fields, where all else is plain."""
        text = _text(chunk, in_line)
        assert text is not None
        bare = text.str.replace_all(self._quoted[in_line], "")
        delimiters = bare.str.count_matches(self._delimiter, literal=True).sum()
        return 0 < delimiters == rows * self._delimiters

    def _parsed(self, chunk: bytes) -> pl.DataFrame | None:
        try:
            return pl.read_csv(chunk, has_header=False, schema=self._schema, separator=self._delimiter)
        except pl.exceptions.PolarsError:
            return None

    def _stripped(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The frame without the spaces before fields, where these are no part of them."""
        if not self._skip_spaces:
            return frame
        stripped = pl.all().str.strip_chars_start(" ")
        return frame.select(pl.when(stripped != "").then(stripped).name.keep())

    def _breaks(self, frame: pl.DataFrame) -> Sequence[int]:
        counts = pl.all().str.count_matches("\n", literal=True).fill_null(0)
        return frame.select(pl.sum_horizontal(counts)).to_series().to_list()


def _text(chunk: bytes, in_line: bool) -> pl.Series | None:
    """A chunk as text; in pieces, where every line is a row: polars holds a copy or two of each."""
    pieces = list(_pieces(chunk)) if in_line else [chunk]
    try:
        return pl.Series(pieces, dtype=pl.Binary).cast(pl.String)
    except pl.exceptions.PolarsError:
        return None


def _pieces(chunk: bytes) -> Iterator[bytes]:
    """Lines together, some `_PIECE` bytes at a time."""
    begin = 0
    while begin < len(chunk):
        end = chunk.find(b"\n", begin + _PIECE) + 1 or len(chunk)
        yield chunk[begin:end]
        begin = end


def _quoted(in_line: bool) -> str:
    """A field in quotes, where it is known that one begins."""
    other = '[^"\n]' if in_line else '[^"]'
    return f'"(?:{other}|"")*"'


def _runs(delimiter: str, in_line: bool) -> str:
    """Fields in quotes that follow on each other, with what must stand before, between and behind them."""
    field, end = _quoted(in_line), rf"(?:{re.escape(delimiter)}|\r?\n)"
    return rf"(?:\A|{end}){field}(?:{end}{field})*{end}"


def _plain(delimiter: str, in_line: bool, columns: int) -> str:
    """Whole rows of so many fields, for an automaton. A row of one column is not empty."""
    escaped, quoted = re.escape(delimiter), _quoted(in_line)
    if columns == 1:
        return rf'\A(?:(?:[^"{escaped}\r\n]+|{quoted})\r?\n)*\z'
    field = rf'(?:[^"{escaped}\r\n]*|{quoted})'
    return rf"\A(?:{field}(?:{escaped}{field}){{{columns - 1}}}\r?\n)*\z"


def _first(data: bytes, length: int) -> bytes:
    return data if length == len(data) else data[:length]


def cut(data: bytes) -> int:
    """The length of ``data`` up to its last line end with an even number of quotes before it, or 0."""
    end = data.rfind(b"\n") + 1
    quotes = data.count(_QUOTE, 0, end)
    while end > 0 and quotes % 2:
        # No line end between here and the last quote before can have an even number.
        quote = data.rfind(_QUOTE, 0, end)
        before = data.rfind(b"\n", 0, quote) + 1
        quotes -= data.count(_QUOTE, before, end)
        end = before
    return end
