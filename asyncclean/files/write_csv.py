"""Pages into rows of CSV or TSV. Knows rows and cells; knows no file.

A page of flat records is written in compiled code, where there is some; any other by way of a frame.

Cells are as in `cells`. null and a missing key are an empty cell, the empty string is ``""``, so that the
two differ when they are read back. In a file of one column null is ``""`` too: an empty line would be no
row. What needs quotes has them (RFC 4180); lines end with ``\\n``; a NUL, a tab or a line break inside a cell
stays as it is, within quotes where needed.
"""

import io
from collections.abc import Sequence

import orjson
import polars as pl

from asyncclean import native
from asyncclean.files.cells import STEP, Cells
from asyncclean.files.columns import Columns
from asyncclean.files.layout import Layout, Text
from asyncclean.files.pages import Page

THREADS = 2
"""Threads that convert side by side: polars reads JSON in one, without the interpreter's lock. Twice as fast
with two cores, and 10 MB more."""

_FORMULA = r"^[=+\-@\t\r\n\x00＝＋－＠]"
"""What begins a formula in some spreadsheet: OWASP's page on CSV injection and ASVS 1.2.10, together."""

_NUMBER = r"^[+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$"
"""A signed number is itself in every spreadsheet: ``-12.5`` and ``+441234567890`` need no guard."""


def csv_layout(columns: Columns, *, separator: str, safe: bool) -> Layout:
    """A header, then a line a record.

    ``safe``: a cell (or header) that a spreadsheet could take for a formula gets an apostrophe in front.
    """
    rows = _Rows(columns, separator, safe)
    header = rows.head(columns)
    return Layout(rows.render, STEP, THREADS, head=header, empty=header)


class _Rows:
    def __init__(self, columns: Columns, separator: str, safe: bool) -> None:
        self._cells = Cells(columns)
        self._names = tuple(orjson.dumps(column.name) for column in columns)
        self._separator = separator
        self._safe = safe

    def head(self, columns: Columns) -> bytes:
        """The header's line."""
        return bytes(self._lines(pl.DataFrame([[column.header] for column in columns])))

    def render(self, pages: Sequence[Page]) -> Text:
        compiled = [self._compiled(page) for page in pages]
        rows = [page for page in compiled if page is not None]
        return rows if len(rows) == len(pages) else [self._lines(self._cells.frame(pages))]

    def _compiled(self, page: Page) -> bytes | None:
        """The rows of a page, or None where it is not sure to be plain."""
        if native.json_to_csv is None:
            return None
        return native.json_to_csv(page.json, self._names, ord(self._separator), page.records, self._safe)

    def _lines(self, frame: pl.DataFrame) -> memoryview:
        if self._safe:
            frame = frame.with_columns(_guarded(pl.col(pl.String)))
        if frame.width == 1:
            frame = frame.cast(pl.String).fill_null("")
        buffer = io.BytesIO()
        frame.write_csv(buffer, include_header=False, separator=self._separator)
        return buffer.getbuffer()


def _guarded(cells: pl.Expr) -> pl.Expr:
    formula = cells.str.contains(_FORMULA) & ~cells.str.contains(_NUMBER)
    return pl.when(formula).then("'" + cells).otherwise(cells).name.keep()
