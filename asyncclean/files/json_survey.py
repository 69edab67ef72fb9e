"""Finds the columns of JSON records by looking at all of them. Knows values and kinds; knows no files.

A column is every key of any record, in order of first appearance. Its kind follows from all of its values
that are not null: int if they are whole numbers within 64 bits, decimal if they are numbers that a double
keeps exactly, bool if they are true or false, else text. Values other than texts in a column of text go up
as they are written: 1.50 becomes "1.50".
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from asyncclean.files.columns import Columns, check_headers, typed_columns
from asyncclean.files.json_values import Record, ValueKind, column_kind, kind_of
from asyncclean.kinds import ColumnKind


@dataclass(slots=True)
class Survey:
    """What the records seen so far are like. ``bad``: records that cannot go up."""

    keys: dict[str, set[ValueKind]] = field(default_factory=dict)
    records: int = 0
    bad: int = 0

    def add(self, record: Record) -> None:
        """Take a record into account."""
        self.records += 1
        for key, value in record.items():
            kinds = self.keys.get(key)
            if kinds is None:
                kinds = self.keys[key] = set()
            if value is not None:
                kinds.add(kind_of(value))

    def columns(self, path: Path, types: Mapping[str, ColumnKind], allowed: frozenset[ColumnKind]) -> Columns:
        """The columns. Raises InputError for keys that are no headers, UsageError for unknown ``types``."""
        check_headers(path, list(self.keys))
        kinds = [column_kind(kinds) for kinds in self.keys.values()]
        return typed_columns(path, list(self.keys), kinds, types, allowed)

    def fits(self, columns: Columns) -> bool:
        """Whether every value can go up as it is written, under its own key."""
        return columns.identity and all(
            _as_written(column.kind, self.keys[column.header]) for column in columns
        )


def _as_written(kind: ColumnKind, kinds: set[ValueKind]) -> bool:
    own: dict[ColumnKind, set[ValueKind]] = {
        "text": {"text"},
        "int": {"int"},
        "decimal": {"int", "decimal"},
        "bool": {"bool"},
        "datetime": set(),
    }
    return kinds <= own[kind]
