"""Judges a column of values, each distinct one once. Knows verdicts and series; knows no kind of value."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import polars as pl

from asyncclean.kinds import ColumnKind
from asyncclean.workflows.examiners import Examiner
from asyncclean.workflows.verdicts import Extra, judge

_DTYPES: Mapping[ColumnKind, type[pl.DataType]] = {"text": pl.String, "bool": pl.Boolean}


@dataclass(frozen=True, slots=True)
class Judged:
    """A column of verdicts as columns: as many rows as there were values, in their order.

    Attributes:
        changes: told under the column's name ("phone: E.164"), null where there were none; None when there
            were none at all. statuses: how many of each. known: of each extra, how many are neither null
            nor false.
    """

    values: pl.Series
    status: pl.Series
    changes: pl.Series | None
    extras: tuple[pl.Series, ...]
    statuses: Counter[str]
    known: tuple[int, ...]


def _spread(found: Sequence[Extra], dtype: type[pl.DataType], rows: pl.Series | None) -> pl.Series:
    """What was found for the distinct values, as a column of all rows."""
    distinct = pl.Series(found, dtype=dtype)
    return distinct if rows is None else distinct.gather(rows)


def judge_column(
    column: pl.Series, countries: Sequence[str] | str, examiner: Examiner, *, drop_invalid: bool = False
) -> Judged:
    """``countries``: each record's, or that of all of them, as ISO 3166 alpha-2 codes."""
    values = (column if column.dtype == pl.String else column.cast(pl.String)).to_list()
    extras = len(examiner.extras)
    judged = partial(
        judge,
        tidy=examiner.tidy,
        examine=examiner.examine,
        extras=extras,
        longest=examiner.longest,
        drop_invalid=drop_invalid,
    )
    counts: Counter[object]
    keys: Sequence[object]
    if isinstance(countries, str) or not examiner.by_country:
        home = countries if isinstance(countries, str) else ""
        keys = values
        counts = Counter(keys)
        verdicts = [judged(value, home) for value in dict.fromkeys(values)]
    else:
        keys = pairs = list(zip(values, countries, strict=True))
        counts = Counter(keys)
        verdicts = [judged(value, country) for value, country in dict.fromkeys(pairs)]
    if not verdicts:
        nothing = pl.Series(dtype=pl.String)
        empty = tuple(pl.Series(dtype=_DTYPES[kind]) for _, kind in examiner.extras)
        return Judged(nothing, nothing, None, empty, Counter(), (0,) * extras)

    rows = None
    if len(counts) < len(keys):
        place = {key: at for at, key in enumerate(counts)}
        rows = pl.Series([place[key] for key in keys], dtype=pl.UInt32)
    distinct, statuses, changes, found = zip(*verdicts, strict=True)
    many = list(counts.values())
    by_status: Counter[str] = Counter()
    for status, count in zip(statuses, many, strict=True):
        by_status[status] += count
    told = None
    if any(changes):
        label = f"{column.name}: "
        told = _spread([label + change if change else None for change in changes], pl.String, rows)
    by_extra = list(zip(*found, strict=True))
    return Judged(
        _spread(distinct, pl.String, rows),
        _spread(statuses, pl.String, rows),
        told,
        tuple(
            _spread(extra, _DTYPES[kind], rows)
            for extra, (_, kind) in zip(by_extra, examiner.extras, strict=True)
        ),
        by_status,
        tuple(sum(count for value, count in zip(extra, many, strict=True) if value) for extra in by_extra),
    )
