"""Reads Parquet. Knows its types and how to take rows in a bounded amount; its positions are row numbers.

    integers               int         UInt64 and Int128 are text if a value needs more than 64 bits, signed
    floats                 decimal     NaN is a missing value; an infinite one makes a bad row
    Decimal                decimal     a value with more digits than a JSON number keeps makes a bad row
    Boolean                bool
    Date, Datetime         datetime    2024-01-31, 2024-01-31T12:00:00.5, with its offset where it has a zone
    String, Categorical, Enum, Time, Duration, Null    text

Lists, structs and binary cannot go up: InputError.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import polars as pl
import polars.exceptions

from asyncclean.errors import InputError
from asyncclean.files.badrows import BadRow, settle
from asyncclean.files.blocks import START, Batch, Position, Tap, no_tap
from asyncclean.files.casts import cast, without
from asyncclean.files.columns import Column, Columns, check_headers, typed_columns
from asyncclean.files.formats import FileFormat
from asyncclean.files.slicing import Chunk, Slicer
from asyncclean.kinds import ColumnKind

T = TypeVar("T")

CHUNK = 2 << 20
"""Bytes of a frame to read at a time, about."""

FIRST_ROWS = 256
MOST_ROWS = 8192
_GROWTH = 4

_WIDE = (pl.UInt64, pl.Int128, pl.UInt128)
_FLOATS = (pl.Float16, pl.Float32, pl.Float64)
_INT64 = (-(2**63), 2**63 - 1)


class ParquetSource:
    """A Parquet file. ``chunk``: bytes of a frame to read at a time, about.

    Raises InputError for a file that is none or that has columns which cannot go up, UsageError for ``types``
    of columns not there.
    """

    def __init__(
        self,
        path: Path,
        format: FileFormat,
        *,
        size: int,
        types: Mapping[str, ColumnKind],
        allowed: frozenset[ColumnKind],
        keep_rejects: bool,
        chunk: int = CHUNK,
    ) -> None:
        self.path = path
        self.size = size
        self.format = format
        self._keep_rejects = keep_rejects
        self._chunk = chunk
        self._lazy = pl.scan_parquet(path, glob=False, hive_partitioning=False)
        self._schema = self._try(self._lazy.collect_schema)
        headers = self._schema.names()
        if not headers:
            raise InputError(path, "has no columns.")
        check_headers(path, headers)
        own = [self._kind(header, dtype) for header, dtype in self._schema.items()]
        self.columns = typed_columns(path, headers, own, types, allowed)
        self._rows = int(self._try(self._lazy.select(pl.len()).collect).item())
        self._read = [
            _as_kind(column, kind, self._schema[column.header])
            for column, kind in zip(self.columns, own, strict=True)
        ]
        # A column that is to be of another kind than its own is read as text and cast; Decimals always are.
        self._to_cast = Columns(
            column
            if column.kind != kind or isinstance(self._schema[column.header], pl.Decimal)
            else Column(column.header, column.name, "text")
            for column, kind in zip(self.columns, own, strict=True)
        )

    def _try(self, read: Callable[[], T]) -> T:
        try:
            return read()
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
            said = str(error).strip().split("\n")[0]
            raise InputError(
                self.path, f"cannot be read as Parquet: {said}.", hint="Check that it is whole."
            ) from error

    def _kind(self, header: str, dtype: pl.DataType) -> ColumnKind:
        if isinstance(dtype, _WIDE):
            ends = self._lazy.select(pl.col(header).min().alias("min"), pl.col(header).max().alias("max"))
            least, most = self._try(ends.collect).row(0)
            fits = least is None or (_INT64[0] <= least and most <= _INT64[1])
            return "int" if fits else "text"
        if dtype.is_integer():
            return "int"
        if dtype.is_float() or isinstance(dtype, pl.Decimal):
            return "decimal"
        if isinstance(dtype, pl.Boolean):
            return "bool"
        if isinstance(dtype, pl.Date | pl.Datetime):
            return "datetime"
        if isinstance(dtype, pl.String | pl.Categorical | pl.Enum | pl.Time | pl.Duration | pl.Null):
            return "text"
        raise InputError(
            self.path,
            f"a column of type {dtype} cannot go up: a value must be single.",
            column=header,
            hint="Leave it out, or write it as text.",
        )

    def batches(self, start: Position = START, tap: Tap = no_tap) -> Iterator[Batch]:
        """The rows from ``start`` on. Raises InputError for a bad row, unless rejects are kept."""
        slicer = Slicer(start.skip)
        at, rows = start.offset, FIRST_ROWS
        while True:
            frame = self._try(self._lazy.slice(at, rows).collect)
            chunk, bad = self._chunk_of(frame, at)
            at += frame.height
            rejects = settle(self.path, bad, keep=self._keep_rejects)
            slices = slicer.add(chunk)
            if at >= self._rows or frame.height == 0:
                yield Batch([*slices, *slicer.finish()], self.size, rejects, chunk.start.offset)
                return
            yield Batch(slices, self.size * at // self._rows, rejects, chunk.start.offset)
            fitting = rows * self._chunk // max(1, int(frame.estimated_size()))
            rows = max(1, min(fitting, rows * _GROWTH, MOST_ROWS))

    def _chunk_of(self, frame: pl.DataFrame, at: int) -> tuple[Chunk, Sequence[BadRow]]:
        bad: dict[int, BadRow] = {}

        def refuse(row: int, header: str, reason: str) -> None:
            shown = json.dumps(frame.row(row, named=True), default=str, ensure_ascii=False)
            bad.setdefault(row, BadRow(at + row + 1, reason, shown, header))

        for header in frame.columns:
            if isinstance(frame[header].dtype, _FLOATS) and (infinite := frame[header].is_infinite()).any():
                for row in infinite.arg_true():
                    refuse(row, header, f"{frame[header][row]} is not a number that JSON can hold.")
        typed, misfits = cast(frame.select(self._read), self._to_cast)
        for misfit in misfits:
            refuse(misfit.row, misfit.column.header, misfit.reason)
        start = Position(at, 0, at + 1)
        if not bad:
            return Chunk(typed, start), ()
        lines = [at + row + 1 for row in range(frame.height) if row not in bad]
        return Chunk(without(typed, sorted(bad)), start, lines), [bad[row] for row in sorted(bad)]


def _as_kind(column: Column, own: ColumnKind, dtype: pl.DataType) -> pl.Expr:
    """The column's values as its own kind, or as text where it is to be of another."""
    values = pl.col(column.header)
    if isinstance(dtype, _FLOATS):
        values = values.fill_nan(None)
    if isinstance(dtype, pl.Datetime):
        zone = "%:z" if dtype.time_zone else ""
        values = values.dt.strftime(f"%Y-%m-%dT%H:%M:%S%.f{zone}")
    elif isinstance(dtype, pl.Date):
        values = values.dt.strftime("%Y-%m-%d")
    elif isinstance(dtype, pl.Duration):
        values = values.dt.to_string("iso")
    elif own == "int" and column.kind == "int":
        values = values.cast(pl.Int64)
    if own == "text" or column.kind != own or isinstance(dtype, pl.Decimal):
        values = values.cast(pl.String)
    return values.alias(column.name)
