"""Makes frames of JSON records, with their columns' names and kinds. Knows values; knows no files."""

from collections.abc import Mapping, Sequence, Set

import polars as pl
import polars.exceptions

from asyncclean.files.casts import Misfit, cast
from asyncclean.files.columns import Column, Columns
from asyncclean.files.json_lines import JsonLines
from asyncclean.files.json_shape import Shape
from asyncclean.files.json_values import Record, Value, ValueKind, column_kind, literal
from asyncclean.kinds import ColumnKind

_TYPES: dict[ColumnKind, type[pl.DataType]] = {
    "text": pl.String,
    "int": pl.Int64,
    "decimal": pl.Float64,
    "bool": pl.Boolean,
}
_OWN: dict[ColumnKind, Set[ValueKind]] = {
    "text": {"text"},
    "int": {"int", "long"},
    "decimal": {"int", "decimal"},
    "bool": {"bool"},
}


class Framer:
    """Makes frames of records whose columns, and the kinds of their values, are known.

    ``whole``: every record has every key.
    """

    def __init__(self, columns: Columns, values: Mapping[str, Set[ValueKind]], *, whole: bool) -> None:
        self._columns = columns
        # A column is read as what its values are, unless it is to be something else: then as text, and cast.
        self._read_as: list[ColumnKind] = [
            column.kind if column.kind == column_kind(values[column.header]) else "text" for column in columns
        ]
        self._to_cast = Columns(
            column if kind == "text" else Column(column.header, column.name, "text")
            for column, kind in zip(columns, self._read_as, strict=True)
        )
        plain = {
            column.header: _OWN[kind] & values[column.header]
            for column, kind in zip(columns, self._read_as, strict=True)
        }
        self._shape = Shape(plain, whole=whole)
        self._schema = {
            column.header: _TYPES[kind] for column, kind in zip(columns, self._read_as, strict=True)
        }
        self.as_written = columns.identity and all(
            column.kind == kind and values[column.header] <= _OWN[kind]
            for column, kind in zip(columns, self._read_as, strict=True)
        )
        """Whether every value can go up as it is written, under its own key."""

    def proven(self, lines: bytes) -> bool:
        """Whether these lines can be read the fast way, or need not be read."""
        return self._shape.proves(lines)

    def others(self, records: Sequence[bytes]) -> list[int]:
        """Which records cannot."""
        return self._shape.others(records)

    def frame_of_lines(self, lines: JsonLines) -> pl.DataFrame:
        """The frame of lines that are `proven`, not yet cast."""
        if len(lines) == 0:
            return self.frame([])
        frame = pl.read_ndjson(lines.data, schema=self._schema)
        assert frame.height == len(lines)
        return frame.rename({column.header: column.name for column in self._columns})

    def frame(self, records: Sequence[Record]) -> pl.DataFrame:
        """The frame of records, not yet cast."""
        return pl.DataFrame(
            [
                pl.Series(
                    column.name, [_read(record.get(column.header), kind) for record in records], _TYPES[kind]
                )
                for column, kind in zip(self._columns, self._read_as, strict=True)
            ]
        )

    def cast(self, frame: pl.DataFrame) -> tuple[pl.DataFrame, list[Misfit]]:
        """The frame with the kinds that the caller asked for, and the values that do not fit."""
        return cast(frame, self._to_cast)


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
