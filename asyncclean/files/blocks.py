"""Slices of a source, and their JSON. Knows frames and bytes; knows no format and no HTTP.

A source is read in order into *slices* of at most 1,000 records (`chunk`), each of which is encoded,
in any order and in any thread, into the JSON arrays of one or more blocks (`encode`). Which records
share a block depends on nothing but their order, their encoded size and the two bounds, so a run that
is resumed cuts the same blocks again.
"""

import io
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import polars as pl

from asyncclean.files.json_lines import array

MAX_RECORDS = 1000
"""Most records of a block: the service's own limit."""

MAX_BYTES = 4 << 20
"""Default for the most bytes of a block's JSON array."""


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in a source just before a record.

    ``offset``: byte in the decompressed, UTF-8 source at which a reader can start (row number for
    Parquet); ``skip``: how many good records to pass over from there (bad ones do not count, wherever they
    lie); ``line``: the 1-based line at ``offset``.
    """

    offset: int = 0
    skip: int = 0
    line: int = 1


START = Position()
"""The start of a source."""


@dataclass(frozen=True, slots=True)
class Reject:
    """A record that cannot go up. ``record``: its text as it stands in the source."""

    line: int
    reason: str
    record: str


Parts = tuple[memoryview, ...]
"""JSON objects in some parts, each with commas between its own."""


@dataclass(frozen=True, slots=True)
class Slice:
    """Records that go up together: a frame, or their JSON.

    ``start``: where its first record lies. ``lines``: the source line of each record, or None where
    that is ``start.line + start.skip + i`` (Parquet: the row number).
    """

    data: pl.DataFrame | Parts
    records: int
    start: Position
    lines: Sequence[int] | None = None

    @property
    def is_json(self) -> bool:
        """Whether it is JSON already."""
        return isinstance(self.data, tuple)


@dataclass(frozen=True, slots=True)
class Batch:
    """What one step of reading gives: some slices, what was wrong, and how far it got on disk.

    ``offset``: where the step began, as in `Position`; a reader that starts there gives its rejects again.
    """

    slices: Sequence[Slice]
    bytes_read: int
    rejects: Sequence[Reject] = field(default=())
    offset: int = 0


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


Tap = Callable[[int, bytes], None]
"""Is given each stretch of a file as it comes from the disk: the offset there, and the bytes."""


def no_tap(offset: int, data: bytes) -> None:
    """Nobody looks."""


class Reader(Protocol):
    """Reads batches in order; a plain iterator, to be advanced in a worker thread.

    What it reads from the disk in turn, it shows to ``tap`` before it gives a batch made of it.
    """

    def batches(self, start: Position = START, tap: Tap = no_tap) -> Iterator[Batch]: ...


def encode(piece: Slice, max_bytes: int = MAX_BYTES) -> list[Encoded]:
    """The slice as JSON arrays of at most ``max_bytes`` each, nulls written as null, in order.

    It is cut only where it is larger, and then into the fewest blocks that take records in order; a record
    that is larger by itself goes alone. Works without the GIL but for moments.
    """
    json = array(piece.data) if isinstance(piece.data, tuple) else as_json(piece.data)
    if len(json) <= max_bytes or piece.records <= 1:
        return [Encoded(json, piece.records, piece.start, piece.lines)]
    return _cut(piece, split_array(json), max_bytes)


def as_json(frame: pl.DataFrame) -> bytes:
    """The rows as a JSON array of objects."""
    out = io.BytesIO()
    frame.write_json(out)
    return out.getvalue()


def _cut(piece: Slice, records: Sequence[bytes], max_bytes: int) -> list[Encoded]:
    blocks = []
    first, size = 0, 1
    for index, record in enumerate(records):
        if index > first and size + len(record) + 1 > max_bytes:
            blocks.append(_block(piece, records, first, index))
            first, size = index, 1
        size += len(record) + 1
    blocks.append(_block(piece, records, first, len(records)))
    return blocks


def _block(piece: Slice, records: Sequence[bytes], first: int, end: int) -> Encoded:
    start = Position(piece.start.offset, piece.start.skip + first, piece.start.line)
    lines = None if piece.lines is None else piece.lines[first:end]
    return Encoded(b"[" + b",".join(records[first:end]) + b"]", end - first, start, lines)


_PART = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[^"\[\]{},]++|[\[\]{},]', re.DOTALL)


def split_array(json: bytes) -> list[bytes]:
    """The items of a valid JSON array, each as it stands but for white space around it."""
    items = []
    depth = start = 0
    for part in _PART.finditer(json):
        match part[0]:
            case b"[" | b"{":
                depth += 1
                start = part.end() if depth == 1 else start
            case b"]" | b"}":
                depth -= 1
                if depth == 0 and (last := json[start : part.start()].strip()):
                    items.append(last)
            case b"," if depth == 1:
                items.append(json[start : part.start()].strip())
                start = part.end()
    return items
