"""Pages as frames of text cells. Knows records and columns; knows no output format.

A cell is a string's characters, or any other value's JSON as the service wrote it: ``1.10`` stays
``1.10``, a whole number of any length keeps its digits, a list becomes its JSON. null and a missing key
are null.
"""

from collections.abc import Sequence

import polars as pl

from asyncclean.errors import VerificationError
from asyncclean.files import exact, quick
from asyncclean.files.columns import Columns
from asyncclean.files.layout import unlike
from asyncclean.files.pages import Page

_TEXTS = quick.PAGE.str.count_matches('":"').sum()
_NOT_TEXT = quick.has(r'":[^"n]')
_SPACE_AFTER_COLON = quick.has(r'":[ \t]')
_NESTED = quick.has(r'":[\[{]')
_VALUES = quick.PAGE.str.count_matches(r'":["tf]').sum()
_SPACED = r'([^\\]":)[ \t]+'
_NUMBER = r'([^\\]":)(-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)'
# Escaped surrogates: halves, pairs of them, and what only looks like one behind an escaped backslash.
_HALVES = quick.PAGE.str.count_matches(r"\\u[dD][89a-fA-F]").sum()
_PAIRS = quick.PAGE.str.count_matches(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F]").sum()
_NO_SURROGATE = quick.has(r"\\\\u[dD]")


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
        found = quick.text_of(pages, _TEXTS, _NOT_TEXT, _HALVES)
        if found is None:
            return None
        text, (values, not_text, halves) = found
        if halves and not _in_pairs(text, halves):
            return None
        if not_text:
            quoted = _numbers_quoted(text)
            if quoted is None:
                return None
            text, values = quoted
        frame = quick.parse(text, self.schema)
        if frame is None:
            return None
        held = frame.height * frame.width - sum(frame.null_count().row(0))
        return frame if values == held and frame.height == text["records"].sum() else None

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


def _in_pairs(text: pl.DataFrame, halves: int) -> bool:
    """Whether all escaped surrogates are in pairs: polars would turn half of one into a NUL."""
    pairs, unsure = quick.look(text, _PAIRS, _NO_SURROGATE)
    return halves == 2 * pairs and not unsure


def _numbers_quoted(text: pl.DataFrame) -> tuple[pl.DataFrame, int] | None:
    """The pages with their numbers in quotes, and how many values they hold; None if any is nested."""
    if quick.look(text, _SPACE_AFTER_COLON)[0]:
        text = text.with_columns(quick.PAGE.str.replace_all(_SPACED, "$1"))
    text = text.with_columns(quick.PAGE.str.replace_all(_NUMBER, '$1"$2"'))
    nested, spaced, values = quick.look(text, _NESTED, _SPACE_AFTER_COLON, _VALUES)
    return None if nested or spaced else (text, values)
