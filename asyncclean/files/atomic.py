"""Writes a file aside and renames it into place when it is whole. Knows bytes, and nothing of formats.

    OUTPUT.asyncclean-part  ──fsync, rename, fsync of the folder──▶  OUTPUT

A kill at any instant leaves either the part or the output, and never a half-written output. POSIX only:
a rename over an existing file and the sync of a folder are its promises.
"""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from asyncclean.errors import OutputError

PART_SUFFIX = ".asyncclean-part"

_AGAIN = "Then run the same command again: it goes on where it stopped."
_HINTS = {
    errno.ENOSPC: f"Free some space. {_AGAIN}",
    errno.EDQUOT: f"Free some space or raise the quota. {_AGAIN}",
    errno.EFBIG: "Choose a file system that takes files of this size.",
    errno.EACCES: "Choose a place that you may write to.",
    errno.EPERM: "Choose a place that you may write to.",
    errno.EROFS: "Choose a place that you may write to.",
    errno.ENOENT: "Make its folder first.",
    errno.ENOTDIR: "A part of this path is a file where a folder should be.",
    errno.EISDIR: "Give the name of a file, not of a folder.",
    errno.ENAMETOOLONG: "Choose a shorter name.",
    errno.ELOOP: "A symbolic link lies where the unfinished file should be; remove it.",
    errno.EIO: "The disk reports an error; look at its health before trying again.",
}


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Raise the OSErrors of a block as OutputError, with what to do about them.

    An error about a part names its output: the user never asked for a part.
    """
    try:
        yield
    except OSError as error:
        reason = f"{error.strerror or error}."
        raise OutputError(output_path(path), reason, hint=_HINTS.get(error.errno or 0, "")) from error


def part_path(output: Path) -> Path:
    """Where an output grows until it is whole: beside it, on the same file system."""
    return output.with_name(output.name + PART_SUFFIX)


def output_path(part: Path) -> Path:
    """The output that a part is of."""
    return part.with_name(part.name.removesuffix(PART_SUFFIX))


def spool_path(part: Path) -> Path:
    """Where what a part was made from is kept until it is committed."""
    return part.with_name(part.name + "-spool")


def whole_path(part: Path) -> Path:
    """Where a part is made whole that cannot be so in its own place."""
    return part.with_name(part.name + "-whole")


def check_place(output: Path) -> None:
    """See that there is a folder in which ``output`` can be made. Raises OutputError."""
    folder = output.parent
    with writing(output):
        code = 0
        if not folder.is_dir():
            code = errno.ENOTDIR if folder.exists() else errno.ENOENT
        elif not os.access(folder, os.W_OK | os.X_OK):
            code = errno.EROFS if os.statvfs(folder).f_flag & os.ST_RDONLY else errno.EACCES
        if code:
            raise OSError(code, os.strerror(code))


def discard(part: Path) -> None:
    """Remove a part and all that lies beside it on its behalf, if there is anything. Raises OutputError."""
    with writing(part):
        for path in (part, spool_path(part), whole_path(part)):
            path.unlink(missing_ok=True)


def commit(part: Path, output: Path) -> None:
    """Give a whole part its final name, durably; replaces what had that name. Raises OutputError."""
    with writing(output):
        sync(part)
        spool_path(part).unlink(missing_ok=True)
        part.replace(output)
        sync(output.parent)


def sync(path: Path) -> None:
    """Bring a file, or a folder's entries, to the disk. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class PartFile:
    """A file that only grows at its end, readable and writable by its owner alone (0600).

    ``at``: cut it back to this length and go on; None: begin anew. Every method raises OutputError.
    A failed write leaves the file as long as it was before.
    """

    def __init__(self, path: Path, *, at: int | None) -> None:
        self.path = path
        self.length = at or 0
        with writing(path):
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
            self._descriptor = os.open(path, flags, 0o600)
        try:
            with writing(path):
                os.fchmod(self._descriptor, 0o600)
                size = os.fstat(self._descriptor).st_size
                if size < self.length:
                    raise OutputError(
                        path,
                        f"has {size:,} bytes, but {self.length:,} were written to it before.",
                        hint="It was changed by something else; use --fresh to start over.",
                    )
                os.ftruncate(self._descriptor, self.length)
        except BaseException:
            self.close()
            raise

    def append(self, *pieces: bytes | memoryview) -> None:
        """Write at the end, all of it."""
        at = self.length
        try:
            with writing(self.path):
                for piece in pieces:
                    left = memoryview(piece)
                    while left:
                        done = os.pwrite(self._descriptor, left, at)
                        at += done
                        left = left[done:]
        except OutputError:
            os.ftruncate(self._descriptor, self.length)
            raise
        self.length = at

    def sync(self) -> None:
        """Bring what was written to the disk."""
        with writing(self.path):
            os.fsync(self._descriptor)

    def close(self) -> None:
        """Close it; may be called again."""
        if self._descriptor >= 0:
            descriptor, self._descriptor = self._descriptor, -1
            os.close(descriptor)
