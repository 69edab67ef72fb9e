"""Pages as frames of text cells. Knows records and columns; knows no output format.

A cell is a string's characters, or any other value's JSON as the service wrote it: ``1.10`` stays
``1.10``, a whole number of any length keeps its digits, a list becomes its JSON. null and a missing key
are null.
"""

from collections.abc import Sequence

import polars as pl
from polars.exceptions import PolarsError

from asyncclean.errors import VerificationError
from asyncclean.files import exact, quick
from asyncclean.files.columns import Columns
from asyncclean.files.layout import unlike
from asyncclean.files.pages import Page

_NOT_TEXT = r'":[^"n]'
_SPACED = r'":[ \t]'
_COLON_AND_SPACE = r'([^\\]":)[ \t]+'
_NESTED = r'":[\[{]'
_NUMBER = r'([^\\]":)(-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)'
_VALUE = r'":["tf]'
_TEXT = r'":"'
_ESCAPED_SURROGATE = r"\\u[dD][89a-fA-F]"
_ESCAPED_PAIR = r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F]"
_ESCAPED_BACKSLASH = r"\\\\u[dD]"


class Cells:
    """Turns pages into frames whose columns are the dataset's, by name and in order."""

    def __init__(self, columns: Columns) -> None:
        self.schema = {column.name: pl.String for column in columns}

    def frame(self, pages: Sequence[Page]) -> pl.DataFrame:
        """Raises VerificationError where a page has other records or keys than it should."""
        return pl.concat(self._frames(pages))

    def _frames(self, pages: Sequence[Page]) -> list[pl.DataFrame]:
        frame = self._quick(pages)
        # There are three cases: polars read them all rightly; one of several pages is unusual (find which);
        # this is the one.
        if frame is not None:
            return [frame]
        if len(pages) > 1:
            return [frame for page in pages for frame in self._frames([page])]
        return [self._exact(pages[0])]

    def _quick(self, pages: Sequence[Page]) -> pl.DataFrame | None:
        """Read by polars; None when it cannot be shown that nothing is lost.

        polars drops keys that are not in the schema, rounds numbers and rewrites what is nested. So
        numbers are put in quotes first, pages with anything nested are refused, and then the values in the
        frame must be as many as those in the pages. ``":`` in valid JSON ends a key, save in a string that
        holds ``\\":``: the count is never too low. A cut in a string makes a line that polars refuses.
        """
        text = quick.text_of(pages)
        if text is None or _has_half_a_pair(text):
            return None
        value = _TEXT
        if quick.has(text, _NOT_TEXT):
            if quick.has(text, _SPACED):
                text = text.str.replace_all(_COLON_AND_SPACE, "$1")
                if quick.has(text, _SPACED):
                    return None
            if quick.has(text, _NESTED):
                return None
            text = text.str.replace_all(_NUMBER, '$1"$2"')
            value = _VALUE
        try:
            frame = pl.read_ndjson(quick.join(text, "\n"), schema=self.schema)
        except PolarsError:
            return None
        held = frame.height * frame.width - sum(frame.null_count().row(0))
        complete = frame.height == sum(page.records for page in pages)
        return frame if complete and text.str.count_matches(value).sum() == held else None

    def _exact(self, page: Page) -> pl.DataFrame:
        cells: dict[str, list[str | None]] = {name: [] for name in self.schema}
        count = 0
        try:
            for count, members in enumerate(exact.records(page.json), 1):
                record = dict(members)
                for name, column in cells.items():
                    column.append(exact.cell(record.pop(name, "null")))
                if record:
                    raise self._unknown(list(record), count)
        except ValueError as error:
            raise unlike(page, str(error)) from error
        if count != page.records:
            raise unlike(page, f"{count:,}")
        return pl.DataFrame(cells, schema=self.schema)

    def _unknown(self, keys: Sequence[str], record: int) -> VerificationError:
        return VerificationError(
            f"Columns of record {record:,} of a page of the output",
            expected=f"only {', '.join(self.schema)}",
            found=", ".join(map(repr, keys)),
            hint="NDJSON and JSON outputs keep columns that the dataset does not name.",
        )


def _has_half_a_pair(text: pl.Series) -> bool:
    """Whether half of an escaped surrogate pair may be in there, which polars would turn into a NUL."""
    halves = text.str.count_matches(_ESCAPED_SURROGATE).sum()
    if halves == 0:
        return False
    pairs = text.str.count_matches(_ESCAPED_PAIR).sum()
    return halves != 2 * pairs or quick.has(text, _ESCAPED_BACKSLASH)
