"""Reads a few chunks of CSV ahead, side by side. Knows windows and chunks; knows no rows.

Where every line is a row, as in most files, a chunk can be cut off at its last line end before anyone has
looked into it. So the next chunks are read in threads while one is used: that works without the interpreter's
lock. A chunk that turns out to be otherwise is given back to the window, with all that was
cut off behind it, to be read in turn; then it takes a while until chunks are cut off unseen again.
"""

from collections import deque
from concurrent.futures import Executor, Future
from dataclasses import dataclass

from asyncclean.files.csv_chunks import ChunkReader, ReadChunk
from asyncclean.files.csv_header import UNCLOSED
from asyncclean.files.window import Window

AHEAD = 2
"""Chunks that are read or wait to be used at a time: each is held as bytes, and as JSON or a frame."""

SHY_WINDOWS = 16
"""Windows that are read in turn after one that was not as expected: its chunks have been read for nothing."""


@dataclass(frozen=True, slots=True)
class _Cut:
    """The first ``length`` bytes of some data."""

    data: bytes
    length: int
    bytes_read: int
    rows: "Future[ReadChunk | None]"


class ReadAhead:
    """The chunks of one window, in order. Its ``line`` and `offset` are those of the next chunk."""

    def __init__(self, window: Window, reader: ChunkReader, threads: Executor) -> None:
        self._window = window
        self._reader = reader
        self._threads = threads
        self._cut: deque[_Cut] = deque()
        self._shy = 0
        self._given_back = False
        self.bytes_read = 0

    @property
    def offset(self) -> int:
        """Where the next chunk starts in the stream."""
        return self._window.offset - sum(cut.length for cut in self._cut)

    @property
    def done(self) -> bool:
        """Whether nothing is left."""
        return self._window.final and not self._cut and not self._window.data

    def next(self) -> ReadChunk | None:
        """The next chunk, if it could be cut off unseen and is as expected; else the window has it."""
        self._cut_off()
        if not self._cut:
            self._take_turn()
            return None
        cut = self._cut[0]
        read = cut.rows.result()
        if read is None or read.length != cut.length:
            self.give_back()
            self._take_turn()
            return None
        self.bytes_read = cut.bytes_read
        return read

    def accept(self, lines: int) -> None:
        """The chunk that was given last is used; so many lines end in it."""
        self._cut.popleft()
        self._window.line += lines

    def give_back(self) -> None:
        """The chunk that was given last is of no use as it is: the window has it, and all behind it."""
        window = self._window
        window.offset = self.offset
        window.data = b"".join([*(cut.data[: cut.length] for cut in self._cut), window.data])
        self._cut.clear()
        self._shy, self._given_back = SHY_WINDOWS, True

    def _cut_off(self) -> None:
        window = self._window
        while len(self._cut) < AHEAD and not window.final and not self._shy:
            window.fill(advice=UNCLOSED)
            length = window.data.rfind(b"\n") + 1
            if length == 0:
                # A line longer than a chunk: what is before it comes first, then the window grows.
                self._shy = 1
                return
            data = window.data
            window.consume(length, 0)
            read = self._threads.submit(self._reader.read, data, final=False)
            self._cut.append(_Cut(data, length, window.stream.bytes_read, read))

    def _take_turn(self) -> None:
        """Have something in the window that is to be read in turn."""
        self._shy = max(0, self._shy - 1)
        if not (self._given_back or self._window.final):
            self._window.fill(advice=UNCLOSED)
        self._given_back = False
        self.bytes_read = self._window.stream.bytes_read
