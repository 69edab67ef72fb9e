"""Finds the columns of JSON records by looking at all of them. Knows values and kinds; knows no files.

A column is every key of any record, in order of first appearance. Its kind follows from all of its values
that are not null: int if they are whole numbers within 64 bits, decimal if they are numbers that a double
keeps exactly, bool if they are true or false, else text. Values other than texts in a column of text go up
as they are written: 1.50 becomes "1.50".

Most records are never parsed: the first few give a shape, and what is proven to have that shape has nothing
to tell. What has not is parsed, and widens the shape.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from asyncclean.files.badrows import ENCODING_HINT, BadRow, not_text
from asyncclean.files.columns import Columns, check_headers, typed_columns
from asyncclean.files.json_pieces import Pieces
from asyncclean.files.json_shape import Shape
from asyncclean.files.json_values import BadRecord, Record, ValueKind, column_kind, kind_of, parse
from asyncclean.kinds import ColumnKind

SAMPLE = 64
"""How many records are parsed to begin with."""


@dataclass(slots=True)
class Survey:
    """What the records seen so far are like. ``whole``: each has every key. ``bad``: how many are none.

    ``regular``: they can be told apart by their looks alone.
    """

    keys: dict[str, set[ValueKind]] = field(default_factory=dict)
    whole: bool = True
    bad: int = 0
    regular: bool = True
    _shape: Shape | None = None

    def proven(self, lines: bytes) -> bool:
        """Whether these lines have nothing to tell."""
        return self._shape is not None and self._shape.proves(lines)

    def look(self, pieces: Pieces) -> list[BadRow]:
        """Take records into account; gives those that are none."""
        self.regular &= pieces.regular
        if pieces.proven:
            return []
        records = pieces.data.records()
        bad: list[BadRow] = []
        others: Sequence[int] = range(len(records))
        if self._shape is None:
            bad += self._learn(pieces, records, others[:SAMPLE])
            others = others[SAMPLE:]
        if self._shape is not None and others:
            rest = [records[index] for index in others]
            others = [others[index] for index in self._shape.others(rest)]
        bad += self._learn(pieces, records, others)
        self.bad += len(bad)
        return bad

    def _learn(self, pieces: Pieces, records: Sequence[bytes], indices: Sequence[int]) -> list[BadRow]:
        bad = []
        news = False
        for index in indices:
            record = read(pieces, index, records[index])
            if isinstance(record, BadRow):
                bad.append(record)
            else:
                news |= self._add(record)
        if news:
            self._shape = Shape(self.keys, whole=self.whole)
        return bad

    def _add(self, record: Record) -> bool:
        """Whether a record tells of anything new."""
        first = not self.keys
        news = False
        for key, value in record.items():
            kinds = self.keys.get(key)
            if kinds is None:
                kinds = self.keys[key] = set()
                news = True
                self.whole &= first
            if value is not None and (kind := kind_of(value)) not in kinds:
                kinds.add(kind)
                news = True
        if self.whole and len(record) < len(self.keys):
            self.whole = False
            news = True
        return news

    def columns(self, path: Path, types: Mapping[str, ColumnKind], allowed: frozenset[ColumnKind]) -> Columns:
        """The columns. Raises InputError for keys that are no headers, UsageError for unknown ``types``."""
        check_headers(path, list(self.keys))
        kinds = [column_kind(kinds) for kinds in self.keys.values()]
        return typed_columns(path, list(self.keys), kinds, types, allowed)


def read(pieces: Pieces, index: int, record: bytes) -> Record | BadRow:
    """A record, exactly, or why it is none."""
    line = pieces.line_of(index)
    try:
        return parse(record.decode())
    except UnicodeDecodeError as error:
        return BadRow(line, not_text(error), record.decode(errors="backslashreplace"), hint=ENCODING_HINT)
    except BadRecord as error:
        return BadRow(line, error.reason, record.decode(), error.column)
