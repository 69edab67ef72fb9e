"""Pages as frames of text cells. Knows records and columns; knows no output format.

A cell is a string's characters, or any other value's JSON as the service wrote it: ``1.10`` stays
``1.10``, a whole number of any length keeps its digits, a list becomes its JSON. null and a missing key
are null.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
import polars as pl
from polars.exceptions import PolarsError

from asyncclean import native
from asyncclean.errors import VerificationError
from asyncclean.files import exact, quick
from asyncclean.files.columns import Columns
from asyncclean.files.layout import unlike
from asyncclean.files.pages import Page
from asyncclean.files.window import BOM
from asyncclean.kinds import ColumnKind

STEP = 2
"""Pages worth reading at a time: each takes 4.3 MB meanwhile; 4 of them would save 6 % of the time."""

_TEXTS = quick.PAGE.str.count_matches('":"').sum()
_NUMBERS = quick.PAGE.str.count_matches(r'":[-0-9]').sum()
_BOOLS = quick.PAGE.str.count_matches(r'":[tf]').sum()
_NOT_TEXT = quick.has(r'":[^"n]')
_NESTED = quick.has(r'":[\[{]')
_NOT_WHOLE = quick.has(r'":-?[0-9]+[.eE]|":-0')
_SPACED = r'":[ \t\r\n]+'
_SPACE_AFTER_COLON = quick.has(r'":[ \t\r\n]')
_SPACE_IN_STRING = quick.has(r'\\":[ \t\r\n]')
_NUMBER = r'([^\\]":)(-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)'
# Escaped surrogates: halves, pairs of them, and what only looks like one behind an escaped backslash.
_HALVES = quick.PAGE.str.count_matches(r"\\u[dD][89a-fA-F]").sum()
_PAIRS = quick.PAGE.str.count_matches(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F]").sum()
_NO_SURROGATE = quick.has(r"\\\\u[dD]")

Schema = Mapping[str, type[pl.DataType]]
Counts = Mapping[type[pl.DataType], int]

_TYPES: dict[ColumnKind, type[pl.DataType]] = {"int": pl.Int64, "bool": pl.Boolean}


class Cells:
    """Turns pages into frames whose columns are the dataset's, by name and in order."""

    def __init__(self, columns: Columns) -> None:
        self._names = tuple(orjson.dumps(column.name) for column in columns)
        self._text: dict[str, type[pl.DataType]] = {column.name: pl.String for column in columns}
        self._typed = {column.name: _TYPES.get(column.kind, pl.String) for column in columns}
        self._may_type = all(column.kind != "decimal" for column in columns)
        self._all_text = self._may_type and self._typed == self._text

    def frame(self, pages: Sequence[Page]) -> pl.DataFrame:
        """Columns are String, or, where it is the same in the end, Int64 (int) and Boolean (bool).

        Raises VerificationError where a page has other records or keys than it should.
        """
        if (frame := self._compiled(pages)) is not None:
            return frame
        frames = self._frames(pages)
        return frames[0] if len(frames) == 1 else pl.concat([frame.cast(pl.String) for frame in frames])

    def _compiled(self, pages: Sequence[Page]) -> pl.DataFrame | None:
        """Read from the CSV that compiled code makes of them, in half the time; None where it makes none."""
        # In rows of one column null and the empty text look the same.
        if native.json_to_csv is None or len(self._names) == 1:
            return None
        rows = [native.json_to_csv(page.json, self._names, ord(","), page.records, False) for page in pages]
        found = [page for page in rows if page is not None]
        if len(found) < len(pages):
            return None
        csv = b"".join(found)
        if csv.startswith(BOM):  # polars would take it for the file's
            return None
        frame = pl.read_csv(csv, has_header=False, schema=self._text)
        return frame if frame.height == sum(page.records for page in pages) else None

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

        polars drops keys that are not in the schema, and makes text or whole numbers of other values, not
        always the same. So the texts, the numbers and the booleans in the pages must be as many as the
        values in columns of these types: a value (null is none) that was dropped with its key, or is in a
        column of another type, makes a difference that nothing makes up for. ``":`` in valid JSON (and
        polars' parser takes no other) ends a key, save in a string that holds ``\\":``: no count is ever too
        low.
        """
        text = quick.text_of(pages)
        if text is None:
            return None
        facts = (_TEXTS, _NOT_TEXT, _HALVES, quick.SPACE_BEFORE_COLON)
        schema = self._text if self._all_text else None
        arrays, (texts, not_text, halves, spaced) = _read(text, schema, *facts)
        if spaced and quick.look(text, quick.SPACE_BEHIND_KEY)[0]:
            return None
        if halves and not _in_pairs(text, halves):
            return None
        if not_text:
            return self._with_others(text)
        if schema is None:
            arrays, _ = _read(text, self._text)
        return _records(arrays, text, self._text, {pl.String: texts})

    def _with_others(self, text: pl.DataFrame) -> pl.DataFrame | None:
        """Pages that hold numbers or booleans; None if anything in them is nested."""
        spaced, in_string = quick.look(text, _SPACE_AFTER_COLON, _SPACE_IN_STRING)
        if in_string:
            return None
        if spaced:
            text = text.with_columns(quick.PAGE.str.replace_all(_SPACED, '":'))
        texts, numbers, bools, nested, not_whole = quick.look(
            text, _TEXTS, _NUMBERS, _BOOLS, _NESTED, _NOT_WHOLE
        )
        if nested:
            return None
        if self._may_type and not not_whole:
            counts = {pl.String: texts, pl.Int64: numbers, pl.Boolean: bools}
            frame = _records(_read(text, self._typed)[0], text, self._typed, counts)
            if frame is not None:
                return frame
        quoted = text.with_columns(quick.PAGE.str.replace_all(_NUMBER, '$1"$2"'))
        counts = {pl.String: texts + numbers + bools}
        return _records(_read(quoted, self._text)[0], text, self._text, counts)

    def _exact(self, page: Page) -> pl.DataFrame:
        cells: dict[str, list[str | None]] = {name: [] for name in self._text}
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
        return pl.DataFrame(cells, schema=self._text)

    def _unknown(self, keys: Sequence[str], record: int) -> VerificationError:
        return VerificationError(
            f"Columns of record {record:,} of a page of the output",
            expected=f"only {', '.join(self._text)}",
            found=", ".join(map(repr, keys)),
            hint="NDJSON and JSON outputs keep columns that the dataset does not name.",
        )


def _in_pairs(text: pl.DataFrame, halves: int) -> bool:
    """Whether all escaped surrogates are in pairs: polars would turn half of one into a NUL."""
    pairs, unsure = quick.look(text, _PAIRS, _NO_SURROGATE)
    return halves == 2 * pairs and not unsure


def _read(
    text: pl.DataFrame, schema: Schema | None, *facts: pl.Expr
) -> tuple[pl.Series | None, tuple[Any, ...]]:
    """What polars reads in the pages, a list of records each (None without a schema), and facts about them.

    Both in one go, which takes hardly longer than the reading alone.
    """
    if schema is not None:
        arrays = quick.PAGE.str.json_decode(pl.List(pl.Struct(schema))).alias("arrays")
        try:
            found = text.select(arrays, *quick.numbered(facts))
        except PolarsError:
            pass
        else:
            return found["arrays"], quick.answers(found, len(facts))
    return None, quick.look(text, *facts) if facts else ()


def _records(
    arrays: pl.Series | None, text: pl.DataFrame, schema: Schema, values: Counts
) -> pl.DataFrame | None:
    """The records, if they are as many as the pages claim, and their values as counted, type by type."""
    if arrays is None or arrays.len() != text.height:
        return None
    records = arrays.explode()
    if records.null_count() or records.len() != text["records"].sum():
        return None
    frame = records.struct.unnest()
    held: Counter[type[pl.DataType]] = Counter()
    for name, nulls in zip(frame.columns, frame.null_count().row(0), strict=True):
        held[schema[name]] += frame.height - nulls
    return frame if held == Counter(values) else None
