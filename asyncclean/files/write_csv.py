"""Pages into rows of CSV or TSV. Knows rows and cells; knows no file.

A cell is a string's characters, or any other value's JSON as the service wrote it: ``1.10`` stays
``1.10``, a whole number of any length keeps its digits, a list becomes its JSON. null and a missing key
are an empty cell, the empty string is ``""``, so that the two differ when they are read back. In a file of
one column null is ``""`` too: an empty line would be no row. What needs quotes has them (RFC 4180); lines
end with ``\\n``; a NUL, a tab or a line break inside a cell stays as it is, within quotes where needed.
"""

import io
from collections.abc import Sequence

import polars as pl

from asyncclean.errors import VerificationError
from asyncclean.files import exact, quick
from asyncclean.files.columns import Columns
from asyncclean.files.layout import Layout, unlike
from asyncclean.files.pages import Page

_FORMULA = r"^[=+\-@\t\r\n\x00＝＋－＠]"
"""What begins a formula in some spreadsheet: OWASP's page on CSV injection and ASVS 1.2.10, together."""

_NUMBER = r"^[+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$"
"""A signed number is itself in every spreadsheet: ``-12.5`` and ``+441234567890`` need no guard."""


def csv_layout(columns: Columns, *, separator: str, safe: bool) -> Layout:
    """A header, then a line a record.

    ``safe``: a cell (or header) that a spreadsheet could take for a formula gets an apostrophe in front.
    """
    rows = _Rows(columns, separator, safe)
    header = bytes(rows.text(pl.DataFrame([[column.header] for column in columns], schema=rows.schema)))
    return Layout(rows.render, head=header, empty=header)


class _Rows:
    def __init__(self, columns: Columns, separator: str, safe: bool) -> None:
        self.schema = {column.name: pl.String for column in columns}
        self._separator = separator
        self._safe = safe

    def render(self, pages: Sequence[Page]) -> memoryview:
        return self.text(pl.concat(self._frames(pages)))

    def text(self, frame: pl.DataFrame) -> memoryview:
        """The frame's rows as lines of the file."""
        cells = pl.all()
        if self._safe:
            formula = cells.str.contains(_FORMULA) & ~cells.str.contains(_NUMBER)
            cells = pl.when(formula).then("'" + cells).otherwise(cells).name.keep()
        if frame.width == 1:
            cells = cells.fill_null("")
        buffer = io.BytesIO()
        frame.select(cells).write_csv(buffer, include_header=False, separator=self._separator)
        return buffer.getbuffer()

    def _frames(self, pages: Sequence[Page]) -> list[pl.DataFrame]:
        frame = quick.cells(pages, self.schema)
        if frame is not None:
            return [frame]
        if len(pages) > 1:
            return [frame for page in pages for frame in self._frames([page])]
        return [self._exact(pages[0])]

    def _exact(self, page: Page) -> pl.DataFrame:
        cells: dict[str, list[str | None]] = {name: [] for name in self.schema}
        count = 0
        try:
            for count, members in enumerate(exact.records(page.json), 1):
                record = dict(members)
                for name, column in cells.items():
                    column.append(exact.cell(record.pop(name, "null")))
                if record:
                    raise unknown(list(record), count, list(self.schema))
        except ValueError as error:
            raise unlike(page, str(error)) from error
        if count != page.records:
            raise unlike(page, f"{count:,}")
        return pl.DataFrame(cells, schema=self.schema)


def unknown(keys: Sequence[str], record: int, names: Sequence[str]) -> VerificationError:
    """The error for a record with keys that are no columns of its dataset."""
    return VerificationError(
        f"Columns of record {record:,} of a page",
        expected=f"only {', '.join(names)}",
        found=", ".join(map(repr, keys)),
        hint="NDJSON and JSON outputs keep columns that the dataset does not name.",
    )
