"""Turns columns of text into the kinds that were asked for, strictly. Knows kinds; knows no format.

    int       an optional sign and digits, within 64 bits
    decimal   an optional sign, digits with an optional point, an optional exponent; not more digits than a
              JSON number keeps (15 always do, 17 at most)
    bool      true, false, yes, no, 1, 0, in any case
    datetime  ISO 8601; comes out as YYYY-MM-DD, or YYYY-MM-DDThh:mm:ss with the fraction and the zone given

An empty text is a missing value in all of these. A text that is anything else does not fit.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import polars as pl

from asyncclean.files.columns import Column, Columns
from asyncclean.kinds import ColumnKind

_INT = r"^[+-]?[0-9]+$"
_DECIMAL = r"^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$"
_SURE_DIGITS = 15
_BOOLS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_USUAL_DATETIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"(?:T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?(?:Z|[+-][0-9]{2}:[0-9]{2})?)?\Z"
)

WANTED: dict[ColumnKind, str] = {
    "text": "a text",
    "int": "a whole number within 64 bits",
    "decimal": "a decimal number of at most 15 digits",
    "bool": "one of true, false, yes, no, 1, 0",
    "datetime": "a date, or a date and time, as in ISO 8601",
}


@dataclass(frozen=True, slots=True)
class Misfit:
    """A value that does not fit its column: the row's index in the frame, and what is there."""

    row: int
    column: Column
    value: str

    @property
    def reason(self) -> str:
        shown = self.value if len(self.value) <= 100 else self.value[:100] + "..."
        return f"{shown!r} is not {WANTED[self.column.kind]}."


def cast(frame: pl.DataFrame, columns: Columns) -> tuple[pl.DataFrame, list[Misfit]]:
    """The frame with its columns of text cast, and every first misfit of a row, in order of the rows.

    A value that does not fit is null in the frame.
    """
    wanted = [column for column in columns if column.kind != "text"]
    if not wanted:
        return frame, []
    misfits: dict[int, Misfit] = {}
    series = []
    for column in wanted:
        text = frame[column.name]
        text = text.set(text == "", None)
        typed = _CASTS[column.kind](text)
        series.append(typed)
        if typed.null_count() > text.null_count():
            for row in (typed.is_null() & text.is_not_null()).arg_true():
                misfits.setdefault(row, Misfit(row, column, text[row]))
    return frame.with_columns(series), [misfits[row] for row in sorted(misfits)]


def without(frame: pl.DataFrame, rows: Sequence[int]) -> pl.DataFrame:
    """The frame without some of its rows."""
    kept = pl.Series([True]).new_from_index(0, frame.height)
    return frame.filter(kept.scatter(list(rows), False)) if rows else frame


def _to_int(text: pl.Series) -> pl.Series:
    return _where(text, text.str.contains(_INT)).cast(pl.Int64, strict=False)


def _to_decimal(text: pl.Series) -> pl.Series:
    number = _where(text, text.str.contains(_DECIMAL)).cast(pl.Float64, strict=False)
    number = _where(number, number.is_finite())
    long = (text.str.len_bytes() > _SURE_DIGITS) & number.is_not_null()
    if long.any():
        rows = [row for row in long.arg_true() if Decimal(text[row]) != Decimal(repr(number[row]))]
        number = number.scatter(rows, None) if rows else number
    return number


def _to_bool(text: pl.Series) -> pl.Series:
    return text.str.to_lowercase().replace_strict(_BOOLS, default=None, return_dtype=pl.Boolean)


def _to_datetime(text: pl.Series) -> pl.Series:
    forms = {value: _iso(value) for value in text.unique().drop_nulls().to_list()}
    return text.replace_strict(forms, return_dtype=pl.String) if forms else text


def _iso(value: str) -> str | None:
    try:
        read = datetime.fromisoformat(value)
    except ValueError:
        return None
    # What is in the usual form already may hold a fraction finer than a datetime keeps, or be a date alone.
    usual = value.replace(" ", "T", 1)
    return usual if _USUAL_DATETIME.match(usual) else read.isoformat()


def _where(series: pl.Series, kept: pl.Series) -> pl.Series:
    return series.to_frame().select(pl.when(kept).then(pl.col(series.name)))[series.name]


_CASTS = {"int": _to_int, "decimal": _to_decimal, "bool": _to_bool, "datetime": _to_datetime}
