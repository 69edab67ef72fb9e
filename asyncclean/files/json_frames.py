"""Makes frames of JSON records, with their columns' names and kinds. Knows values; knows no files."""

from collections.abc import Sequence

import polars as pl

from asyncclean.files.casts import Misfit, cast
from asyncclean.files.columns import Column, Columns
from asyncclean.files.json_values import Record, Value, ValueKind, column_kind, literal
from asyncclean.kinds import ColumnKind

_TYPES: dict[ColumnKind, type[pl.DataType]] = {
    "text": pl.String,
    "int": pl.Int64,
    "decimal": pl.Float64,
    "bool": pl.Boolean,
}


class Framer:
    """Makes frames of records whose values are of known kinds."""

    def __init__(self, columns: Columns, kinds: dict[str, set[ValueKind]]) -> None:
        self._columns = columns
        # A column is read as what its values are, unless it is to be something else: then as text, and cast.
        own = {column.header: column_kind(kinds[column.header]) for column in columns}
        self._read_as: dict[str, ColumnKind] = {
            column.name: column.kind if own[column.header] == column.kind else "text" for column in columns
        }
        self._to_cast = Columns(
            column if self._read_as[column.name] == "text" else Column(column.header, column.name, "text")
            for column in columns
        )

    def frame(self, records: Sequence[Record]) -> tuple[pl.DataFrame, list[Misfit]]:
        """The records as a frame, and the values that do not fit what the caller said of their columns."""
        series = [
            pl.Series(
                column.name,
                [_read(record.get(column.header), self._read_as[column.name]) for record in records],
                dtype=_TYPES[self._read_as[column.name]],
            )
            for column in self._columns
        ]
        return cast(pl.DataFrame(series), self._to_cast)


def _read(value: Value, kind: ColumnKind) -> str | int | float | bool | None:
    if value is None:
        return None
    match kind:
        case "int":
            return int(value)
        case "decimal":
            return float(value)
        case "bool":
            return bool(value)
        case _:
            return literal(value)
