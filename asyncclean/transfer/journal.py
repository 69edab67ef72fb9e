"""What a run has done so far, on disk, so that it can be killed at any instant and go on.

Knows facts and where they are kept (one SQLite file); decides nothing but what is left to do. Facts are
written *after* the thing they tell of is true: a block is recorded once it is acknowledged, a page once
its bytes are synced. What a kill takes away is therefore only knowledge, and doing a thing again is
harmless: blocks are idempotent by their number, pages are cut back to the recorded length, and datasets
and jobs are looked up by their names, which are recorded *before* they are used.
"""

import contextlib
import fcntl
import json
import os
import sqlite3
import time
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from asyncclean.errors import JournalError, OutputError
from asyncclean.files.blocks import Position, Reject

VERSION = 1
SUFFIX = ".asyncclean"

_SCHEMA = """
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS acknowledged (
    input TEXT, number INTEGER, blocks INTEGER NOT NULL, records INTEGER NOT NULL,
    accepted INTEGER NOT NULL, checksum INTEGER NOT NULL, bytes INTEGER NOT NULL,
    position_offset INTEGER NOT NULL, position_skip INTEGER NOT NULL, position_line INTEGER NOT NULL,
    source_bytes INTEGER NOT NULL, source_checksum INTEGER NOT NULL,
    PRIMARY KEY (input, number)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS rejects (
    input TEXT, line INTEGER, ordinal INTEGER, reason TEXT NOT NULL, record TEXT NOT NULL,
    PRIMARY KEY (input, line, ordinal)) WITHOUT ROWID;
"""


def journal_path(output: Path) -> Path:
    """Where the journal of a run that writes ``output`` lies: beside it."""
    return output.with_name(output.name + SUFFIX)


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """A slice whose blocks the service has all taken.

    ``number``: of its first block; ``start``: where its first record lies; ``records``: as read, of which
    the service took ``accepted``; ``bytes`` and ``checksum`` (CRC-32): the JSON of its blocks;
    ``source_bytes`` and ``source_checksum``: the source, up to where it had been read by then.
    """

    number: int
    blocks: int
    records: int
    accepted: int
    checksum: int
    bytes: int
    start: Position
    source_bytes: int
    source_checksum: int


@dataclass(frozen=True, slots=True)
class Totals:
    """What is recorded of one input; ``checksum`` is that of all slices, in order."""

    blocks: int
    records: int
    accepted: int
    rejected: int
    bytes: int
    checksum: int


@dataclass(frozen=True, slots=True)
class Remaining:
    """Where an upload goes on. Pure: made from what is acknowledged.

    ``start``: the first record not known to have arrived; ``number``: the block that it goes into;
    ``done``: the unbroken run of slices before it; ``ahead``: acknowledged slices behind it, by number.
    """

    start: Position = field(default_factory=Position)
    number: int = 1
    done: Sequence[Acknowledged] = ()
    ahead: Mapping[int, Acknowledged] = field(default_factory=dict)

    @classmethod
    def after(cls, slices: Iterable[Acknowledged]) -> "Remaining":
        done: list[Acknowledged] = []
        ahead: dict[int, Acknowledged] = {}
        number = 1
        for piece in sorted(slices, key=lambda piece: piece.number):
            if piece.number == number:
                done.append(piece)
                number += piece.blocks
            else:
                ahead[piece.number] = piece
        if not done:
            return cls(ahead=ahead)
        last = done[-1]
        start = Position(last.start.offset, last.start.skip + last.records, last.start.line)
        return cls(start, number, done, ahead)


class Journal:
    """One run's journal. Blocking: call it from a worker thread, one call at a time.

    ``path`` None keeps the facts in memory, for runs that are not to be resumed.
    Raises JournalError when another process holds it, OutputError when it cannot be written.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.resumed = path is not None and path.exists() and path.stat().st_size > 0
        try:
            if path is not None:
                handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
                self._lock: int | None = handle
                self._claim(handle)
            else:
                self._lock = None
            self._db = sqlite3.connect(path or ":memory:", check_same_thread=False, isolation_level=None)
            # One file, so that removing it is one step; written a few times a second at the most.
            self._db.execute("PRAGMA journal_mode=DELETE")
            self._db.execute("PRAGMA synchronous=FULL")
            self._db.executescript(_SCHEMA)
        except OSError as error:
            raise OutputError(
                path or "journal", error.strerror or str(error), hint="Choose a folder that can be written."
            ) from error
        except sqlite3.DatabaseError as error:
            self.close()
            raise JournalError(
                f"{path} is not a journal that can be read: {error}.", hint="Start over with --fresh."
            ) from error
        self._check_version()

    def _claim(self, handle: int) -> None:
        # A lock on the main database file would be dropped by SQLite's own closing of descriptors
        # (POSIX record locks); flock is independent of those.
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            self._lock = None
            raise JournalError(
                f"Another run is writing to the same output (it holds {self.path}).",
                hint="Wait for it, or choose another output.",
            ) from None

    def _check_version(self) -> None:
        if self.get("version") is None:
            self.put(version=VERSION, created=time.time())
        elif self.get("version") != VERSION:
            self.close()
            raise JournalError(
                f"{self.path} was written by another version of asyncclean.", hint="Start over with --fresh."
            )

    def get(self, name: str) -> Any:
        """A fact, or None."""
        row = self._db.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return None if row is None else json.loads(row[0])

    def put(self, **facts: Any) -> None:
        """Record facts, all or none of them."""
        self.put_all(facts)

    def put_all(self, facts: Mapping[str, Any]) -> None:
        """Record facts by name, all or none of them."""
        rows = [(name, json.dumps(value)) for name, value in facts.items()]
        with self._transaction():
            self._db.executemany("INSERT OR REPLACE INTO facts VALUES (?, ?)", rows)

    def facts(self) -> dict[str, Any]:
        """All facts by name."""
        return {name: json.loads(value) for name, value in self._db.execute("SELECT * FROM facts")}

    def acknowledge(self, key: str, slices: Sequence[Acknowledged], rejects: Sequence[Reject] = ()) -> None:
        """Record slices of the input ``key`` that have arrived, and records of it that will not."""
        with self._transaction():
            self._db.executemany(
                "INSERT OR REPLACE INTO acknowledged VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
                [
                    (
                        *(key, s.number, s.blocks, s.records, s.accepted, s.checksum, s.bytes),
                        *(s.start.offset, s.start.skip, s.start.line, s.source_bytes, s.source_checksum),
                    )
                    for s in slices
                ],
            )
            for reject in rejects:
                self._add_reject(key, reject)

    def _add_reject(self, key: str, reject: Reject) -> None:
        # The same record may be read again after a kill; records that share a line are told apart.
        self._db.execute(
            """INSERT INTO rejects
               SELECT ?1, ?2, (SELECT count(*) FROM rejects WHERE input = ?1 AND line = ?2), ?3, ?4
               WHERE NOT EXISTS (SELECT 1 FROM rejects WHERE input = ?1 AND line = ?2 AND record = ?4)""",
            (key, reject.line, reject.reason, reject.record),
        )

    def remaining(self, key: str) -> Remaining:
        """What is left to upload of the input ``key``."""
        rows = self._db.execute("SELECT * FROM acknowledged WHERE input = ? ORDER BY number", (key,))
        return Remaining.after(Acknowledged(*row[1:7], Position(*row[7:10]), *row[10:12]) for row in rows)

    def totals(self, key: str) -> Totals:
        """The sums over what is acknowledged of the input ``key``."""
        sums = self._db.execute(
            """SELECT coalesce(sum(blocks), 0), coalesce(sum(records), 0), coalesce(sum(accepted), 0),
               coalesce(sum(bytes), 0) FROM acknowledged WHERE input = ?""",
            (key,),
        ).fetchone()
        blocks, records, accepted, size = sums
        checksum = 0
        query = "SELECT checksum FROM acknowledged WHERE input = ? ORDER BY number"
        for (piece,) in self._db.execute(query, (key,)):
            checksum = zlib.crc32(piece.to_bytes(4, "big"), checksum)
        return Totals(blocks, records, accepted, self.reject_count(key), size, checksum)

    def rejects(self, key: str | None = None) -> Iterable[tuple[str, Reject]]:
        """(input key, reject) in the order of the source."""
        rows = self._db.execute(
            "SELECT input, line, reason, record FROM rejects WHERE ?1 IS NULL OR input = ?1 "
            "ORDER BY input, line, ordinal",
            (key,),
        )
        for name, line, reason, record in rows:
            yield name, Reject(line, reason, record)

    def reject_count(self, key: str | None = None) -> int:
        """How many records were rejected so far."""
        query = "SELECT count(*) FROM rejects WHERE ?1 IS NULL OR input = ?1"
        return int(self._db.execute(query, (key,)).fetchone()[0])

    @contextlib.contextmanager
    def _transaction(self) -> Any:
        try:
            self._db.execute("BEGIN IMMEDIATE")
            yield
            self._db.execute("COMMIT")
        except sqlite3.OperationalError as error:
            with contextlib.suppress(sqlite3.Error):
                self._db.execute("ROLLBACK")
            raise OutputError(
                self.path or "journal",
                f"the journal cannot be written: {error}",
                hint="Free some space; the same command then goes on.",
            ) from error

    def close(self) -> None:
        """Let go of the file; what was recorded stays."""
        if hasattr(self, "_db"):
            self._db.close()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def remove(self) -> None:
        """The run is done: delete the file and let go of it."""
        if self.path is not None:
            self.path.unlink(missing_ok=True)
        self.close()
