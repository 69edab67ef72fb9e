"""Reads a chunk of CSV with polars, and proves that what comes out is right. Knows no files.

polars fills up rows that are too short, and counts rows by the parity of quotes. So its frame is believed
only when a chunk is shown to be plain: every quote opens or closes a field, every row has as many fields
as there are columns, no CR stands alone, all is UTF-8. For any other chunk there is no answer here.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl
import polars.exceptions

from asyncclean.files.csv_header import Dialect
from asyncclean.files.window import BOM

_QUOTE = b'"'


@dataclass(frozen=True, slots=True)
class ReadChunk:
    """The rows of the first ``length`` bytes, as texts, in which ``lines`` lines end.

    ``breaks``: how many line ends are inside of each row, or None where there are none at all.
    """

    frame: pl.DataFrame
    length: int
    lines: int
    breaks: Sequence[int] | None


class ChunkReader:
    """Reads chunks of one file."""

    def __init__(self, dialect: Dialect, names: Sequence[str]) -> None:
        self._delimiter = dialect.delimiter
        self._skip_spaces = dialect.skip_spaces
        self._schema = dict.fromkeys(names, pl.String)
        self._names = list(names)
        delimiter = re.escape(dialect.delimiter)
        # Begins with a literal, so that the search for it is as fast as memchr.
        self._quoted = re.compile(
            rb'"(?<![^' + delimiter + rb'\n]")[^"]*+(?:""[^"]*+)*+"(?=[' + delimiter + rb"\n]|\r\n)"
        )

    def read(self, data: bytes, *, final: bool) -> ReadChunk | None:
        """The rows of as much of ``data`` as ends with a row, or None where it is not plain."""
        length = len(data) if final else cut(data)
        if length == 0:
            return None
        chunk = data if length == len(data) else data[:length]
        bare = self._without_quoted(chunk)
        if bare is None or chunk.startswith(BOM):
            return None
        if b"\r" in bare and bare.count(b"\r") != bare.count(b"\r\n"):
            return None
        try:
            frame = pl.read_csv(
                chunk,
                has_header=False,
                schema=self._schema,
                separator=self._delimiter.decode(),
            )
        except pl.exceptions.PolarsError:
            return None
        if not self._whole_rows(frame, bare):
            return None
        lines = chunk.count(b"\n")
        breaks = None if lines == frame.height else self._breaks(frame)
        if self._skip_spaces:
            stripped = pl.all().str.strip_chars_start(" ")
            frame = frame.select(pl.when(stripped != "").then(stripped).name.keep())
        return ReadChunk(frame, length, lines, breaks)

    def _without_quoted(self, chunk: bytes) -> bytes | None:
        """The chunk without its fields in quotes, or None where that leaves a quote."""
        if _QUOTE not in chunk:
            return chunk
        if self._skip_spaces:
            return None
        bare = self._quoted.sub(b"", chunk)
        return None if _QUOTE in bare else bare

    def _whole_rows(self, frame: pl.DataFrame, bare: bytes) -> bool:
        # A row that was too short has nulls at its end; one too long is refused by polars.
        if frame[self._names[-1]].null_count() == 0:
            return True
        return len(self._names) > 1 and bare.count(self._delimiter) == frame.height * (len(self._names) - 1)

    def _breaks(self, frame: pl.DataFrame) -> Sequence[int]:
        counts = pl.all().str.count_matches("\n", literal=True).fill_null(0)
        return frame.select(pl.sum_horizontal(counts)).to_series().to_list()


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
