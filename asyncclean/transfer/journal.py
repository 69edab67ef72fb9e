"""What a run has done so far, on disk, so that it can be killed at any instant and go on.

Knows facts, in the tables of one SQLite file; decides nothing but what is left to do. Facts are
written *after* the thing they tell of is true: a block is recorded once it is acknowledged, a page once
its bytes are synced. What a kill takes away is therefore only knowledge, and doing a thing again is
harmless: blocks are idempotent by their number, pages are cut back to the recorded length, and datasets
and jobs are looked up by their names, which are recorded *before* they are used.
"""

import contextlib
import json
import sqlite3
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from isal import isal_zlib

from asyncclean.files.blocks import Position, Reject
from asyncclean.transfer.journal_file import OWN_FACTS, all_or_none, delete_held, open_held, put_facts, told

SUFFIX = ".asyncclean"

_TABLES = (
    """CREATE TABLE IF NOT EXISTS acknowledged (
    input TEXT, number INTEGER, slice INTEGER NOT NULL, slice_blocks INTEGER NOT NULL,
    records INTEGER NOT NULL, accepted INTEGER NOT NULL, checksum INTEGER NOT NULL, bytes INTEGER NOT NULL,
    position_offset INTEGER NOT NULL, position_skip INTEGER NOT NULL, position_line INTEGER NOT NULL,
    source_bytes INTEGER NOT NULL, source_checksum INTEGER NOT NULL,
    PRIMARY KEY (input, number)) WITHOUT ROWID""",
    """CREATE TABLE IF NOT EXISTS rejects (
    input TEXT, line INTEGER, block INTEGER, ordinal INTEGER, record TEXT, reason TEXT NOT NULL,
    position_offset INTEGER NOT NULL, PRIMARY KEY (input, line, block, ordinal, record)) WITHOUT ROWID""",
)

# Blocks as one JSON array: the sqlite3 module lets go of the interpreter's lock for every statement and waits
# to have it back, which takes a busy event loop's switch interval (5 ms) a row where each is a statement.
_ACKNOWLEDGE = """
INSERT OR REPLACE INTO acknowledged SELECT ?1,
    json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]'),
    json_extract(value, '$[3]'), json_extract(value, '$[4]'), json_extract(value, '$[5]'),
    json_extract(value, '$[6]'), json_extract(value, '$[7]'), json_extract(value, '$[8]'),
    json_extract(value, '$[9]'), json_extract(value, '$[10]'), json_extract(value, '$[11]')
FROM json_each(?2)"""


def journal_path(output: Path) -> Path:
    """Where the journal of a run that writes ``output`` lies: beside it."""
    return output.with_name(output.name + SUFFIX)


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """A block that the service has taken.

    ``slice`` and ``slice_blocks``: the number of the first block that was cut from the same slice of the
    source, and how many were; ``start``: where its first record lies; ``records``: as read, of which the
    service took ``accepted``; ``bytes`` and ``checksum`` (CRC-32): its JSON as read; ``source_bytes`` and
    ``source_checksum``: the source, up to where it had been read by then.
    """

    number: int
    slice: int
    slice_blocks: int
    records: int
    accepted: int
    checksum: int
    bytes: int
    start: Position
    source_bytes: int
    source_checksum: int

    @property
    def ends_slice(self) -> bool:
        """Whether the next block begins another slice."""
        return self.number + 1 == self.slice + self.slice_blocks


@dataclass(frozen=True, slots=True)
class Refused:
    """A record that will not arrive.

    ``block`` and ``ordinal``: where it stood when the service refused it. Block 0: it was never sent, since
    the reader, in a step that began at ``offset``, could not make a record of it; ``ordinal`` then tells it
    from others on its line with the same text.
    """

    reject: Reject
    block: int = 0
    ordinal: int = 0
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Totals:
    """What is recorded of one input.

    ``records``: as read and sent, of which the service took ``accepted`` and refused ``refused``;
    ``rejected``: those and what the reader refused. ``checksum``: CRC-32 of the JSON of all blocks, in
    order, as one run of ``bytes`` bytes, before anything was refused.
    """

    blocks: int
    records: int
    accepted: int
    refused: int
    rejected: int
    bytes: int
    checksum: int


@dataclass(frozen=True, slots=True)
class Remaining:
    """Where an upload goes on: at the first slice that has not arrived whole. Pure.

    ``start``: its first record; ``number``: the block that this goes into; ``records``: how many lie before
    it; ``source_bytes`` and ``source_checksum``: the source, up to where it had been read for those;
    ``ahead``: acknowledged blocks from there on, by number.
    """

    start: Position = field(default_factory=Position)
    number: int = 1
    records: int = 0
    source_bytes: int = 0
    source_checksum: int = 0
    ahead: Mapping[int, Acknowledged] = field(default_factory=dict)

    @classmethod
    def after(cls, blocks: Iterable[Acknowledged]) -> "Remaining":
        """From blocks in ascending order of their numbers, which may have gaps."""
        number = 1
        whole: list[Acknowledged] = []
        begun: list[Acknowledged] = []
        records = 0
        ahead: dict[int, Acknowledged] = {}
        for block in blocks:
            if block.number != number:
                ahead[block.number] = block
                continue
            number += 1
            begun.append(block)
            if block.ends_slice:
                records += sum(one.records for one in begun)
                whole, begun = begun, []
        ahead |= {block.number: block for block in begun}
        if not whole:
            return cls(ahead=ahead)
        last = whole[-1]
        start = Position(last.start.offset, last.start.skip + last.records, last.start.line)
        return cls(start, last.number + 1, records, last.source_bytes, last.source_checksum, ahead)

    @property
    def resumed_blocks(self) -> int:
        """Blocks that need not be sent again."""
        return self.number - 1 + len(self.ahead)

    @property
    def resumed_records(self) -> int:
        """Records in those blocks."""
        return self.records + sum(block.records for block in self.ahead.values())


class Journal:
    """One run's journal. Blocking: call it from a worker thread.

    ``path`` None keeps the facts in memory, for runs that are not to be resumed. ``fresh``: a file that
    cannot be read is replaced. ``resumed`` tells whether there were facts of an unfinished run in it.

    Raises JournalError when another run holds it or it cannot be read, OutputError when it cannot be
    written.
    """

    def __init__(self, path: Path | None, *, fresh: bool = False) -> None:
        self.path = path
        self._lock = threading.RLock()
        self._db = open_held(path, _TABLES, fresh=fresh)
        self.is_open = True
        self.resumed = not OWN_FACTS.issuperset(self.facts())

    def get(self, name: str) -> Any:
        """A fact, or None."""
        with self._reading():
            row = self._db.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return None if row is None else json.loads(row[0])

    def put(self, **facts: Any) -> None:
        """Record facts, all or none of them."""
        self.put_all(facts)

    def put_all(self, facts: Mapping[str, Any]) -> None:
        """Record facts by name, all or none of them."""
        with self._transaction():
            put_facts(self._db, facts)

    def facts(self) -> dict[str, Any]:
        """All facts by name."""
        with self._reading():
            rows = self._db.execute("SELECT name, value FROM facts").fetchall()
        return {name: json.loads(value) for name, value in rows}

    def acknowledge(self, key: str, blocks: Sequence[Acknowledged], refused: Sequence[Refused] = ()) -> None:
        """Record blocks of the input ``key`` that have arrived, and records of it that will not."""
        with self._transaction():
            rows = [
                (
                    *(b.number, b.slice, b.slice_blocks, b.records, b.accepted, b.checksum, b.bytes),
                    *(b.start.offset, b.start.skip, b.start.line, b.source_bytes, b.source_checksum),
                )
                for b in blocks
            ]
            self._db.execute(_ACKNOWLEDGE, (key, json.dumps(rows)))
            # After a kill the same record may be refused again.
            self._db.executemany(
                "INSERT OR IGNORE INTO rejects VALUES (?,?,?,?,?,?,?)",
                [
                    (key, r.reject.line, r.block, r.ordinal, r.reject.record, r.reject.reason, r.offset)
                    for r in refused
                ],
            )

    def rejects_before(self, key: str, start: Position) -> Counter[str]:
        """The texts of what the reader refused on the line of ``start``, before it."""
        with self._reading():
            rows = self._db.execute(
                "SELECT record FROM rejects WHERE input = ? AND line = ? AND block = 0 "
                "AND position_offset < ?",
                (key, start.line, start.offset),
            )
            return Counter(record for (record,) in rows)

    def forget(self, key: str) -> None:
        """Take back what was acknowledged of the input ``key``: it is no longer there."""
        with self._transaction():
            self._db.execute("DELETE FROM acknowledged WHERE input = ?", (key,))
            self._db.execute("DELETE FROM rejects WHERE input = ?", (key,))

    def remaining(self, key: str) -> Remaining:
        """What is left to upload of the input ``key``."""
        with self._reading():
            rows = self._db.execute("SELECT * FROM acknowledged WHERE input = ? ORDER BY number", (key,))
            return Remaining.after(map(_acknowledged, rows))

    def totals(self, key: str) -> Totals:
        """The sums over what is acknowledged of the input ``key``."""
        blocks = records = accepted = size = checksum = 0
        with self._reading():
            rows = self._db.execute(
                "SELECT records, accepted, bytes, checksum FROM acknowledged WHERE input = ? ORDER BY number",
                (key,),
            )
            for row in rows:
                blocks += 1
                records += row[0]
                accepted += row[1]
                size += row[2]
                checksum = isal_zlib.crc32_combine(checksum, row[3], row[2])
            refused, rejected = self._db.execute(
                "SELECT coalesce(sum(block > 0), 0), count(*) FROM rejects WHERE input = ?", (key,)
            ).fetchone()
        return Totals(blocks, records, accepted, refused, rejected, size, checksum)

    def rejects(self, key: str | None = None) -> Iterator[tuple[str, Reject]]:
        """(input key, reject) in the order of the source."""
        with self._reading():
            rows = self._db.execute(
                "SELECT input, line, reason, record FROM rejects WHERE ?1 IS NULL OR input = ?1 "
                "ORDER BY input, line, block, ordinal, record",
                (key,),
            )
        for name, line, reason, record in rows:
            yield name, Reject(line, reason, record)

    def reject_count(self, key: str | None = None) -> int:
        """How many records were rejected so far."""
        query = "SELECT count(*) FROM rejects WHERE ?1 IS NULL OR input = ?1"
        with self._reading():
            return int(self._db.execute(query, (key,)).fetchone()[0])

    @contextlib.contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            with self._lock:
                yield
        except sqlite3.DatabaseError as error:
            raise told(self.path, error) from error

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            with self._lock, all_or_none(self._db):
                yield
        except sqlite3.DatabaseError as error:
            raise told(self.path, error) from error

    def close(self) -> None:
        """Let go of the file; what was recorded stays. Does nothing the second time."""
        self.is_open = False
        self._db.close()

    def remove(self) -> None:
        """The run is done: delete the file and let go of it. Does nothing once it is closed."""
        if self.path is not None and self.is_open:
            with self._reading():
                delete_held(self.path, self._db)
        self.close()


def _acknowledged(row: Sequence[Any]) -> Acknowledged:
    _, number, of, blocks, records, accepted, checksum, size, *position, source_bytes, source_checksum = row
    return Acknowledged(
        *(number, of, blocks, records, accepted, checksum, size),
        start=Position(*position),
        source_bytes=source_bytes,
        source_checksum=source_checksum,
    )
