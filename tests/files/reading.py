"""Reads a source to its end, for tests: what came out of it, in plain Python."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from asyncclean.files import slicing
from asyncclean.files.blocks import MAX_BYTES, START, Encoded, Position, Reader, Reject, encode


@dataclass
class Reading:
    """Everything that a source gave from some position on."""

    blocks: list[Encoded] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    bytes_read: list[int] = field(default_factory=list)

    @property
    def records(self) -> list[dict[str, Any]]:
        return [record for block in self.blocks for record in json.loads(block.json)]

    @property
    def rows(self) -> list[list[Any]]:
        return [list(record.values()) for record in self.records]

    @property
    def lines(self) -> list[int]:
        return [block.line_of(index) for block in self.blocks for index in range(block.records)]


def read(source: Reader, start: Position = START, *, max_bytes: int = MAX_BYTES) -> Reading:
    reading = Reading()
    for batch in source.batches(start):
        for piece in batch.slices:
            blocks = encode(piece, max_bytes)
            assert sum(block.records for block in blocks) == piece.records
            reading.blocks += blocks
        reading.rejects += batch.rejects
        reading.bytes_read.append(batch.bytes_read)
    for block in reading.blocks:
        assert len(json.loads(block.json)) == block.records
    assert reading.bytes_read == sorted(reading.bytes_read)
    return reading


@contextmanager
def slices_of(records: int) -> Iterator[None]:
    """Cut slices of so many records instead of 1,000, so that a small file has several."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(slicing, "MAX_RECORDS", records)
        yield


def assert_resumable(source: Reader) -> None:
    """Going on behind any block gives the blocks and the lines that come after it."""
    whole = read(source)
    for count, block in enumerate(whole.blocks, 1):
        after = Position(block.start.offset, block.start.skip + block.records, block.start.line)
        rest = read(source, after)
        assert [b.json for b in rest.blocks] == [b.json for b in whole.blocks[count:]]
        assert rest.lines == whole.lines[len(whole.lines) - len(rest.lines) :]
        assert rest.rejects == whole.rejects[len(whole.rejects) - len(rest.rejects) :]
