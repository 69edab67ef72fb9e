"""The part of a text stream that a reader looks at. Knows where it lies; knows no format."""

import contextlib

from asyncclean.errors import InputError
from asyncclean.files.stream import ByteStream

BOM = b"\xef\xbb\xbf"
"""The byte order mark in UTF-8: at the start of a file it is passed over."""

CHUNK = 1 << 20
"""Default for the bytes read at a time. Half of that takes an eighth more time for a whole upload; twice that
takes 30 MB more and saves a tenth."""

LONGEST = 64 << 20
"""Default for the most bytes of one record: as much as the largest block that the embedded server takes."""


def _keep_freed_memory() -> None:
    """Let what one chunk frees be there for the next.

    glibc gives freed memory back to the system above a bound, and takes it again page by page: a quarter of
    the time spent on a CSV file of 140 MB. That bound follows the largest block freed so far; this block
    raises it. Its pages are never touched, so it takes no memory. Elsewhere it does nothing.
    """
    with contextlib.suppress(MemoryError):
        bytes(_LARGEST_BLOCK)


_LARGEST_BLOCK = 31 << 20
_keep_freed_memory()


class Window:
    """A stretch of a stream that starts at the start of a record.

    ``data`` lies at ``offset`` of the stream, its first byte is on ``line``. ``final``: it reaches the end;
    it then ends with a line end, which is added where the file has none.
    """

    def __init__(
        self,
        stream: ByteStream,
        *,
        offset: int = 0,
        line: int = 1,
        chunk: int = CHUNK,
        longest: int = LONGEST,
    ) -> None:
        stream.skip(offset)
        self.stream = stream
        self.data = b""
        self.offset = offset
        self.line = line
        self.final = False
        self._chunk = chunk
        self._longest = longest

    def fill(self, *, advice: str = "") -> bool:
        """Read on. The window grows by a chunk, or doubles where a chunk was not enough for a record.
        Gives `final`.

        Raises InputError, with ``advice``, when a record is longer than any should be.
        """
        if len(self.data) > self._longest:
            raise InputError(
                self.stream.path,
                f"a record that starts here does not end within {self._longest >> 20:,} MiB.",
                line=self.line,
                hint=advice,
            )
        size = max(self._chunk, len(self.data), len(BOM))
        more = self.stream.read(size)
        self.final = len(more) < size
        self.data = self.data + more if self.data else more
        if self.offset == 0 and self.data.startswith(BOM):
            self.consume(len(BOM), 0)
        if self.final and self.data and not self.data.endswith(b"\n"):
            self.data += b"\n"
        return self.final

    def consume(self, count: int, lines: int) -> None:
        """Leave ``count`` bytes behind, in which ``lines`` lines end."""
        self.data = self.data[count:]
        self.offset += count
        self.line += lines
