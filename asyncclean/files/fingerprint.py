"""Tells whether a file is still the one that it was. Knows bytes, and nothing of what they mean.

A run that goes on after a kill must not mix two versions of its input. Size and time of change are looked
at first; what decides is a CRC-32 of all that was read, so that an edit of equal size is noticed too.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from isal import isal_zlib

from asyncclean.errors import InputError

_STEP = 1 << 17
_ENDS = 1 << 16


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """A file's size, time of change (ns), and the CRC-32 of its first and last 64 KiB."""

    size: int
    mtime_ns: int
    ends: int

    @classmethod
    def of(cls, path: Path) -> "Fingerprint":
        """Raises InputError when the file cannot be read."""
        try:
            with path.open("rb") as file:
                stat = path.stat()
                ends = isal_zlib.crc32(file.read(_ENDS))
                file.seek(max(0, stat.st_size - _ENDS))
                ends = isal_zlib.crc32(file.read(_ENDS), ends)
        except OSError as error:
            raise InputError(path, error.strerror or str(error)) from error
        return cls(stat.st_size, stat.st_mtime_ns, ends)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


class PrefixHash:
    """The CRC-32 of a file's first ``at`` bytes, ever further. Blocking; for one thread at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.checksum = 0
        self.at = 0

    def take(self, offset: int, data: bytes) -> None:
        """Go on by bytes that were just read at ``offset``, as far as they are not passed already.

        Raises InputError when those before them cannot be read.
        """
        self.advance(offset)
        passed = self.at - offset
        if 0 <= passed < len(data):
            self.checksum = isal_zlib.crc32(memoryview(data)[passed:], self.checksum)
            self.at = offset + len(data)

    def advance(self, to: int) -> int:
        """Go on to byte ``to``, unless that is passed already; gives `checksum`.

        Raises InputError when the file cannot be read.
        """
        if to <= self.at:
            return self.checksum
        try:
            with self._path.open("rb", buffering=0) as file:
                file.seek(self.at)
                room = memoryview(bytearray(_STEP))
                while self.at < to and (count := file.readinto(room[: to - self.at])):
                    self.checksum = isal_zlib.crc32(room[:count], self.checksum)
                    self.at += count
        except OSError as error:
            raise InputError(self._path, error.strerror or str(error)) from error
        return self.checksum
