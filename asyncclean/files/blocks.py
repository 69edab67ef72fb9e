"""Slices of a source, and their JSON. Knows frames and bytes; knows no format and no HTTP.

A source is read in order into *slices* of at most 1,000 records (`chunk`), each of which is encoded,
in any order and in any thread, into the JSON arrays of one or more blocks (`encode`). Which records
share a block depends on nothing but their order, their encoded size and the two bounds, so a run that
is resumed cuts the same blocks again.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import polars as pl

MAX_RECORDS = 1000
"""Most records of a block: the service's own limit."""

MAX_BYTES = 4 << 20
"""Default for the most bytes of a block's JSON array."""


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in a source just before a record.

    ``offset``: byte in the decompressed, UTF-8 source at which a reader can start (row number for
    Parquet); ``skip``: how many records to pass over from there; ``line``: the 1-based line at ``offset``.
    """

    offset: int = 0
    skip: int = 0
    line: int = 1


@dataclass(frozen=True, slots=True)
class Reject:
    """A record that cannot go up. ``record``: its text as it stands in the source."""

    line: int
    reason: str
    record: str


@dataclass(frozen=True, slots=True)
class Slice:
    """Records that go up together: a frame, or the bytes of a finished JSON array.

    ``start``: where its first record lies. ``lines``: the source line of each record, or None where
    that is ``start.line + start.skip + i`` (Parquet: the row number).
    """

    data: pl.DataFrame | bytes
    records: int
    start: Position
    lines: Sequence[int] | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """What one step of reading gives: some slices, what was wrong, and how far it got on disk."""

    slices: Sequence[Slice]
    bytes_read: int
    rejects: Sequence[Reject] = field(default=())


@dataclass(frozen=True, slots=True)
class Encoded:
    """A JSON array of ``records`` records, ready to be put in a block; ``start`` as in its slice."""

    json: bytes
    records: int
    start: Position
    lines: Sequence[int] | None = None

    def line_of(self, index: int) -> int:
        """The source line of the record at ``index`` (from 0)."""
        return self.start.line + self.start.skip + index if self.lines is None else self.lines[index]


class Reader(Protocol):
    """Reads batches in order; a plain iterator, to be advanced in a worker thread."""

    def batches(self, start: Position = Position()) -> Iterator[Batch]: ...
