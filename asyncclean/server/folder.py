"""The lock on a data directory, and how one goes away. Knows files only, and needs no extra.

Whoever holds the lock has the directory to itself. The lock goes with its process, however that dies.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

LOCK = "lock"


def hold(data: Path) -> int:
    """Take the lock of a directory that is there; gives a file descriptor that holds it until it is closed.

    Raises BlockingIOError when another holds it, FileNotFoundError when another has just removed it.
    """
    return _take(data, os.O_CREAT)


def _take(data: Path, flags: int) -> int:
    path = data / LOCK
    lock = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | flags, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # It may have been removed since it was opened: a lock on that would keep nobody away.
        if not os.path.samestat(os.fstat(lock), path.stat()):
            raise FileNotFoundError(path)
    except BaseException:
        os.close(lock)
        raise
    return lock


@contextmanager
def _held(data: Path) -> Iterator[None]:
    lock = _take(data, 0)
    try:
        yield
    finally:
        os.close(lock)


def is_in_use(data: Path) -> bool:
    """Whether a server is at work in a directory."""
    try:
        with _held(data):
            return False
    except BlockingIOError:
        return True
    except OSError:
        return False


def discard(data: Path) -> bool:
    """Remove a directory with what a server keeps in it, unless one is at work there.

    Gives whether it is gone.
    """
    with suppress(OSError), _held(data):
        # Backwards by name: a write-ahead log must not outlive its database. The lock is the last of all:
        # until then nobody can begin on what is half gone.
        for path in sorted(data.iterdir(), key=lambda path: (path.name != LOCK, path.name), reverse=True):
            path.unlink()
    with suppress(OSError):  # there is none, or something is in it
        data.rmdir()
    return not data.exists()
