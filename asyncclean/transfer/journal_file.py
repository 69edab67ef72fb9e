"""Opens the file of a journal, for one run alone. Knows SQLite, locks and the file's own facts; no run's.

The file's own facts are its version and when it was made. The lock is SQLite's own and lasts as long as the
connection, so it goes with its process.
"""

import contextlib
import fcntl
import json
import os
import sqlite3
import stat
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from asyncclean.errors import JournalError, OutputError

VERSION = 1

LOCK_S = 1.0
"""How long to wait for a file that is in use: a run that was just killed may not be quite gone."""

OWN_FACTS = frozenset({"version", "created"})

_FACTS = "CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID"


def open_held(path: Path | None, tables: Sequence[str], *, fresh: bool = False) -> sqlite3.Connection:
    """The database at ``path``, made where there is none, with ``tables``.

    ``path`` None: in memory. ``fresh``: one that cannot be read is replaced.

    Raises JournalError when another holds it or it cannot be read, OutputError when it cannot be written.
    """
    if path is None:
        passing = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
        _prepare(passing, tables)
        return passing
    while True:
        try:
            before = _ensure_file(path)
        except OSError as error:
            raise OutputError(
                path, error.strerror or str(error), hint="Choose a folder that can be written."
            ) from error
        db: sqlite3.Connection | None = None
        try:
            # There are three cases: it is held; it was deleted meanwhile, so look again; it cannot be read.
            db = _connect(path)
            _prepare(db, tables)
            if _inode(path) == before:
                return db
            db.close()
        except (sqlite3.DatabaseError, JournalError) as error:
            # Until it is closed, no other file can have its inode.
            with contextlib.closing(db) if db is not None else contextlib.nullcontext():
                if _inode(path) != before:
                    continue
                reason = told(path, error) if isinstance(error, sqlite3.DatabaseError) else error
                if not (fresh and isinstance(reason, UnreadableError)):
                    raise reason from error
                _delete_unreadable(path, before, db)


def _connect(path: Path) -> sqlite3.Connection:
    # A file that SQLite made itself could be read by others.
    place = path.absolute().as_uri() + "?mode=rw"
    return sqlite3.connect(place, uri=True, timeout=LOCK_S, check_same_thread=False, isolation_level=None)


def delete_held(path: Path, db: sqlite3.Connection) -> None:
    """Delete the file while it is held."""
    _leave_sidecar(db)
    _unlink(path)


def _unlink(path: Path) -> None:
    path.with_name(path.name + "-journal").unlink(missing_ok=True)
    path.unlink(missing_ok=True)


def _leave_sidecar(db: sqlite3.Connection) -> None:
    # SQLite would delete its sidecar by name when it closes, which may be another run's by then.
    db.execute("PRAGMA journal_mode=MEMORY")


def _delete_unreadable(path: Path, inode: int, db: sqlite3.Connection | None) -> None:
    """Delete the file, open as ``db``, unless another run has put its own in its place."""
    if db is not None:
        with contextlib.suppress(sqlite3.DatabaseError):
            _leave_sidecar(db)
    try:
        folder = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
        try:
            # One at a time: else another could put its own there between the look and the deletion.
            fcntl.flock(folder, fcntl.LOCK_EX)
            if _inode(path) == inode:
                _unlink(path)
        finally:
            os.close(folder)
    except OSError as error:
        raise OutputError(path, error.strerror or str(error), hint="Delete it.") from error


def put_facts(db: sqlite3.Connection, facts: Mapping[str, Any]) -> None:
    """Write facts, within the caller's transaction if there is one."""
    rows = [(name, json.dumps(value)) for name, value in facts.items()]
    db.executemany("INSERT OR REPLACE INTO facts VALUES (?, ?)", rows)


@contextlib.contextmanager
def all_or_none(db: sqlite3.Connection, kind: str = "IMMEDIATE") -> Iterator[None]:
    """A transaction."""
    db.execute(f"BEGIN {kind}")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(sqlite3.Error):
            db.execute("ROLLBACK")
        raise


class UnreadableError(JournalError):
    """The file is no journal, or a damaged one, or another version's."""


def told(path: Path | None, error: sqlite3.DatabaseError) -> JournalError | OutputError:
    """SQLite's error in the words of this house."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return JournalError(
            f"Another run is writing to the same output (it holds {path}).",
            hint="Wait for it, or choose another output.",
        )
    if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_ERROR):
        return UnreadableError(
            f"{path} is not a journal that can be read: {error}.", hint="Start over with --fresh."
        )
    return OutputError(
        path or "journal",
        f"the journal cannot be written: {error}",
        hint="See that the disk has room and can be written; the same command then goes on.",
    )


def _prepare(db: sqlite3.Connection, tables: Sequence[str]) -> None:
    """Take the lock and see that all is there."""
    # A rollback journal, unlike a write-ahead log, leaves all that is committed in the one file.
    db.execute("PRAGMA locking_mode=EXCLUSIVE")
    db.execute("PRAGMA journal_mode=DELETE")
    db.execute("PRAGMA synchronous=FULL")
    with all_or_none(db, "EXCLUSIVE"):
        for table in (_FACTS, *tables):
            db.execute(table)
        version = db.execute("SELECT value FROM facts WHERE name = 'version'").fetchone()
        if version is None:
            put_facts(db, {"version": VERSION, "created": time.time()})
        elif json.loads(version[0]) != VERSION:
            raise UnreadableError(
                "The journal was written by another version of asyncclean.", hint="Start over with --fresh."
            )


def _ensure_file(path: Path) -> int:
    """Make the file, for its owner alone, unless it is there; gives its inode."""
    while True:
        with contextlib.suppress(FileExistsError):
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        with contextlib.suppress(FileNotFoundError):
            found = path.lstat()
            if not stat.S_ISREG(found.st_mode):
                raise OutputError(path, "it is not a plain file", hint="Remove it.")
            return found.st_ino


def _inode(path: Path) -> int:
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return -1
