"""Cuts accepted records, as they are read chunk by chunk, into slices of exactly 1,000. Pure; no format.

Slices are counted from the first record on and chunks are not, so what a chunk leaves over is carried into
the next. A `Position` counts *accepted* records from the start of a chunk; records that were rejected are
not counted, wherever they lie. A reader that starts at a chunk's offset and drops as many accepted records
as a position skips is therefore just before the record meant, however it cuts its own chunks.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from asyncclean.files.blocks import MAX_RECORDS, Parts, Position, Slice, as_json
from asyncclean.files.json_lines import JsonLines, JsonRows


@dataclass(frozen=True, slots=True)
class Chunk:
    """The accepted records of one step of reading: a frame, or their JSON.

    ``start``: of the chunk, ``skip`` 0. ``lines``: the source line of each record, or None where record i
    is on line ``start.line + i``.
    """

    data: pl.DataFrame | JsonLines | JsonRows
    start: Position
    lines: Sequence[int] | None = None

    @property
    def records(self) -> int:
        return len(self.data)


@dataclass(slots=True)
class _Part:
    """Records on their way into a slice: a frame, or JSON with commas between."""

    data: pl.DataFrame | memoryview
    records: int
    start: Position
    lines: Sequence[int] | None

    def line_numbers(self) -> Sequence[int]:
        first = self.start.line + self.start.skip
        return range(first, first + self.records) if self.lines is None else self.lines


class Slicer:
    """Takes chunks in order, gives slices in order. ``skip``: accepted records to drop at the start."""

    def __init__(self, skip: int = 0) -> None:
        self._skip = skip
        self._carried: list[_Part] = []
        self._held = 0

    def add(self, chunk: Chunk) -> list[Slice]:
        """The slices that are full now."""
        at = min(self._skip, chunk.records)
        self._skip -= at
        slices = []
        while chunk.records - at >= (missing := MAX_RECORDS - self._held):
            self._carry(chunk, at, missing)
            at += missing
            slices.append(self._join())
        if at < chunk.records:
            self._carry(chunk, at, chunk.records - at)
        return slices

    def finish(self) -> list[Slice]:
        """The last slice, if anything is left over."""
        return [self._join()] if self._held else []

    def _carry(self, chunk: Chunk, at: int, count: int) -> None:
        start = Position(chunk.start.offset, at, chunk.start.line)
        lines = None if chunk.lines is None else chunk.lines[at : at + count]
        data = chunk.data
        some = data.slice(at, count) if isinstance(data, pl.DataFrame) else data.items(at, count)
        self._carried.append(_Part(some, count, start, lines))
        self._held += count

    def _join(self) -> Slice:
        parts, self._carried, records, self._held = self._carried, [], self._held, 0
        lines = None if _in_turn(parts) else [line for part in parts for line in part.line_numbers()]
        return Slice(_joined([part.data for part in parts]), records, parts[0].start, lines)


def _in_turn(parts: Sequence[_Part]) -> bool:
    """Whether the records of all parts are on lines in turn: there may be other lines between two parts."""
    first = parts[0].line_numbers()[0]
    for part in parts:
        if part.lines is not None or part.line_numbers()[0] != first:
            return False
        first += part.records
    return True


def _joined(parts: Sequence[pl.DataFrame | memoryview]) -> pl.DataFrame | Parts:
    frames = [part for part in parts if isinstance(part, pl.DataFrame)]
    if len(frames) == len(parts):
        return frames[0] if len(frames) == 1 else pl.concat(frames)
    return tuple(
        memoryview(as_json(part))[1:-1] if isinstance(part, pl.DataFrame) else part for part in parts
    )
