"""One SQLite file in a data directory that is ours alone. Knows threads, transactions and durability.

Knows the tables, but not what is asked of them: callers bring functions of a connection. One thread does
all the writing and commits many writes at once, so that durability costs one fsync a batch; whoever waits
for a write is told after the commit. A write that raises leaves no trace and does not hurt its neighbours.
"""

import logging
import os
import queue
import secrets
import sqlite3
import threading
import time
from asyncio import AbstractEventLoop, Future, get_running_loop
from collections import deque
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import anyio
import anyio.to_thread

from asyncclean.errors import InputError, OutputError, UsageError
from asyncclean.server.folder import LOCK, hold
from asyncclean.server.problems import Problem

T = TypeVar("T")

log = logging.getLogger("asyncclean.server")

APPLICATION_ID = 0x61636C6E  # "acln"
VERSION = 1
DATABASE = "store.sqlite"
_ASIDE = f"{DATABASE}.new"

LOCK_S = 1.0
"""How long to wait for a directory that is in use: a server that was just killed may not be quite gone."""

BATCH = 64
"""Most writes in one transaction: what waits in memory for a commit is at most so many blocks."""

READERS = 4
"""Threads that read: more would only wait for each other on a laptop's disk."""

WAL_PAGES = 4000
"""Pages in the write-ahead log before they are moved to the database: 32 MB, so that a busy upload moves
a page of an index once instead of a hundred times."""

_SCHEMA = f"""
CREATE TABLE facts (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
-- An output dataset has no name until its job is done: so nobody sees a half.
CREATE TABLE datasets (
    id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE, columns TEXT NOT NULL, input INTEGER NOT NULL,
    completed INTEGER NOT NULL DEFAULT 0, records INTEGER NOT NULL DEFAULT 0);
-- id: dataset << 31 | block number (of an input) or page index (of an output), so that a dataset's records
-- lie together and in order. data: packed lines.
CREATE TABLE blocks (id INTEGER PRIMARY KEY, records INTEGER NOT NULL, data BLOB NOT NULL);
-- Deleted datasets whose blocks are still to go.
CREATE TABLE doomed (dataset INTEGER PRIMARY KEY);
-- Times in microseconds since 1970. output: the dataset that a running job fills.
CREATE TABLE jobs (
    id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, workflow TEXT NOT NULL,
    submitted INTEGER NOT NULL, completed INTEGER, status INTEGER NOT NULL, percent REAL NOT NULL DEFAULT 0,
    statistics TEXT NOT NULL DEFAULT '{{}}', inputs TEXT NOT NULL, outputs TEXT NOT NULL DEFAULT '{{}}',
    parameters TEXT NOT NULL, input_filename TEXT NOT NULL, output INTEGER);
CREATE INDEX jobs_of_workflow ON jobs (workflow, id);
CREATE INDEX jobs_by_status ON jobs (status, id);
-- What unfinished jobs need.
CREATE TABLE uses (dataset INTEGER, job INTEGER, PRIMARY KEY (dataset, job)) WITHOUT ROWID;
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {VERSION};
"""


@dataclass(slots=True)
class _Write:
    action: Callable[[sqlite3.Connection], Any]
    answer: "Future[Any]"
    result: Any = None
    error: BaseException | None = None


class Store:
    """The store of one server. Open it with `open`, on the event loop that will use it.

    ``tidy``: called in the writing thread when there is nothing else to do, after writes; says whether
    there is more for it to do.
    """

    def __init__(self, directory: Path, *, tidy: Callable[[sqlite3.Connection], bool]) -> None:
        self.directory = directory
        self._tidy = tidy
        self._queue: queue.SimpleQueue[_Write | None] = queue.SimpleQueue()
        self._idle_readers: deque[sqlite3.Connection] = deque()
        self._lock: int | None = None
        self._loop: AbstractEventLoop
        self._read_limiter = anyio.CapacityLimiter(READERS)
        self._writer: threading.Thread | None = None

    async def open(self) -> None:
        """Claim the directory (made if need be), check what is in it, and begin.

        Raises UsageError when the directory is another's or in use, InputError when the store is damaged
        or of another version, OutputError when it cannot be written.
        """
        self._loop = get_running_loop()
        try:
            db = await anyio.to_thread.run_sync(self._open)
        except BaseException:
            self._release()
            raise
        self._writer = threading.Thread(
            target=self._write_forever, args=(db,), name="asyncclean store", daemon=True
        )
        self._writer.start()

    def _open(self) -> sqlite3.Connection:
        path = self.directory / DATABASE
        try:
            self._claim()
            known = path.exists() and path.stat().st_size > 0
            if not known:
                self._create(path)
            return self._check(path)
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode & 0xFF in _OF_THE_DISK:
                hint = "See that its disk has room and can be written."
                raise OutputError(path, f"the store cannot be written: {error}", hint=hint) from error
            raise InputError(path, f"the store cannot be used: {error}", hint=_DAMAGED) from error
        except OSError as error:
            where = error.filename or self.directory
            reason = error.strerror or str(error)
            raise OutputError(where, reason, hint="Choose another directory with --data.") from error

    def _claim(self) -> None:
        until = time.monotonic() + LOCK_S
        while True:
            try:
                self._make_directory()
                self._lock = hold(self.directory)
                return
            except BlockingIOError:
                if time.monotonic() > until:
                    raise UsageError(
                        f"Another server is using {self.directory}.",
                        hint="Stop it, or choose another directory with --data.",
                    ) from None
            except (FileNotFoundError, FileExistsError):
                # What was left of a run is removed just now; or the path cannot be a directory.
                if time.monotonic() > until:
                    raise
            time.sleep(LOCK_S / 50)

    def _make_directory(self) -> None:
        new = not self.directory.exists()
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        ours = {
            name + suffix for name in (DATABASE, _ASIDE) for suffix in ("", "-wal", "-shm", "-journal")
        } | {LOCK}
        others = {entry.name for entry in self.directory.iterdir()} - ours
        if others and not (self.directory / DATABASE).exists():
            raise UsageError(
                f"{self.directory} is not a data directory: {min(others)!r} is in it.",
                hint="Choose a new or empty directory with --data.",
            )
        if not new:
            with suppress(PermissionError):
                self.directory.chmod(0o700)

    def _create(self, path: Path) -> None:
        # Made aside: a server killed in the midst of this leaves nothing that looks like a store.
        aside = path.with_name(_ASIDE)
        aside.unlink(missing_ok=True)
        os.close(os.open(aside, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        with closing(_connect(aside)) as db:
            # These only count before there is anything in the file.
            db.execute("PRAGMA page_size=8192")
            db.execute("PRAGMA auto_vacuum=INCREMENTAL")
            db.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} COMMIT;")
            db.execute("INSERT INTO facts VALUES ('token key', ?)", (secrets.token_bytes(32),))
        aside.rename(path)
        folder = os.open(self.directory, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)

    def _check(self, path: Path) -> sqlite3.Connection:
        db = _connect(path)
        try:
            _check_contents(db, path)
            db.execute("PRAGMA journal_mode=WAL")
        except BaseException:
            db.close()
            raise
        return db

    async def write(self, action: Callable[[sqlite3.Connection], T]) -> T:
        """Run ``action`` in the writing thread, within a transaction; returns once it is durable.

        Raises what ``action`` raises (then nothing of it is kept), and Problem (507) when the disk is full.
        A cancelled caller's write is made all the same.
        """
        write = _Write(action, self._loop.create_future())
        self._queue.put(write)
        answer: T = await write.answer
        return answer

    async def prepare_and_write(
        self,
        prepare: Callable[[sqlite3.Connection], Callable[[sqlite3.Connection], T]],
        limiter: anyio.CapacityLimiter,
    ) -> T:
        """Like `read`, then like `write` with the function that came of it: one way out and back in all."""
        answer: Future[Any] = self._loop.create_future()

        def run() -> None:
            action = self._with_reader(prepare)
            self._queue.put(_Write(action, answer))

        await anyio.to_thread.run_sync(run, limiter=limiter)
        result: T = await answer
        return result

    async def read(self, action: Callable[[sqlite3.Connection], T]) -> T:
        """Run ``action`` in a reading thread. Raises what it raises."""
        return await anyio.to_thread.run_sync(self._with_reader, action, limiter=self._read_limiter)

    def _with_reader(self, action: Callable[[sqlite3.Connection], T]) -> T:
        try:
            db = self._idle_readers.pop()
        except IndexError:
            db = _connect(self.directory / DATABASE)
            db.execute("PRAGMA query_only=ON")
        try:
            return action(db)
        finally:
            self._idle_readers.append(db)

    def _write_forever(self, db: sqlite3.Connection) -> None:
        tidying = True
        while True:
            try:
                first = self._queue.get(block=not tidying)
            except queue.Empty:
                tidying = self._try_to_tidy(db)
                continue
            if first is None:
                break
            batch = [first]
            stop = False
            with suppress(queue.Empty):
                while len(batch) < BATCH:
                    more = self._queue.get_nowait()
                    if more is None:
                        stop = True
                        break
                    batch.append(more)
            self._commit(db, batch)
            with suppress(RuntimeError):  # the loop is gone, and with it whoever waited
                self._loop.call_soon_threadsafe(_settle, batch)
            if stop:
                break
            tidying = True
        db.close()

    def _commit(self, db: sqlite3.Connection, batch: list[_Write]) -> None:
        try:
            db.execute("BEGIN IMMEDIATE")
            for write in batch:
                db.execute("SAVEPOINT one")
                try:
                    write.result = write.action(db)
                except Exception as error:
                    write.error = error
                    if _is_fatal(error):
                        raise
                    db.execute("ROLLBACK TO one")
                db.execute("RELEASE one")
            db.execute("COMMIT")
        except sqlite3.Error as error:
            log.error("The store cannot be written: %s", error)
            with suppress(sqlite3.Error):
                db.execute("ROLLBACK")
            refusal = Problem(
                507,
                f"The store cannot be written: {error}. See that its disk has room and can be written.",
                title="The store cannot be written",
            )
            for write in batch:
                write.error = refusal

    def _try_to_tidy(self, db: sqlite3.Connection) -> bool:
        try:
            return self._tidy(db)
        except sqlite3.Error as error:
            log.warning("The store cannot be tidied: %s", error)
            with suppress(sqlite3.Error):
                db.execute("ROLLBACK")
            return False

    async def close(self) -> None:
        """Finish the writes that were asked for, and let go of the directory."""
        if self._writer is not None:
            self._queue.put(None)
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(self._writer.join)
        self._release()

    def _release(self) -> None:
        while self._idle_readers:
            self._idle_readers.pop().close()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


_OF_THE_DISK: Final = {
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
}

_DAMAGED: Final = "Put back a copy of the data directory, or choose a new one with --data."


_SETTINGS: Final = (
    "synchronous=FULL",
    "trusted_schema=OFF",
    "cell_size_check=ON",
    "cache_size=-8192",
    f"wal_autocheckpoint={WAL_PAGES}",
    f"journal_size_limit={64 << 20}",
)


def _connect(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(
        path, check_same_thread=False, isolation_level=None, timeout=30, cached_statements=128
    )
    try:
        for setting in _SETTINGS:
            db.execute(f"PRAGMA {setting}")
    except BaseException:
        db.close()
        raise
    return db


def _check_contents(db: sqlite3.Connection, path: Path) -> None:
    if _pragma(db, "application_id") != APPLICATION_ID:
        raise UsageError(
            f"{path} is not a store of asyncclean.", hint="Choose another directory with --data."
        )
    version = _pragma(db, "user_version")
    if version != VERSION:
        raise InputError(
            path,
            f"the store has version {version}, this asyncclean writes version {VERSION}",
            hint="Use the asyncclean that wrote it, or choose another directory with --data.",
        )
    fault = _pragma(db, "quick_check(1)")
    if fault != "ok":
        raise InputError(path, f"the store is damaged: {fault}", hint=_DAMAGED)


def _pragma(db: sqlite3.Connection, name: str) -> Any:
    return db.execute(f"PRAGMA {name}").fetchone()[0]


def _is_fatal(error: Exception) -> bool:
    """Whether the whole transaction is lost: the disk is full, the file unreadable, memory out."""
    return isinstance(error, sqlite3.Error) and not isinstance(
        error, sqlite3.IntegrityError | sqlite3.ProgrammingError
    )


def _settle(batch: list[_Write]) -> None:
    for write in batch:
        if write.answer.done():
            continue
        if write.error is not None:
            write.answer.set_exception(write.error)
        else:
            write.answer.set_result(write.result)
