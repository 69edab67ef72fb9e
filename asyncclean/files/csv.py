"""Reads CSV and TSV files. Knows how the fast and the exact way take turns.

A window of the file is cut after its last whole row and read in compiled code (`csv_compiled`), or by polars
where there is none, or columns have types (`csv_chunks`). Where neither is sure, it is read row by row
(`csv_rows`), which says what is bad and why. So a stray quote costs one slow window: it cannot shift the rest
of the file, and memory stays bounded.

What a file means: an empty field is a missing value, ``""`` is an empty text; blank lines and a byte order
mark are passed over; where every header after the first has a space before it, spaces before fields are no
part of them (`skipinitialspace` in Python's words). Columns are text unless the caller says otherwise.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import polars as pl

from asyncclean.files.badrows import BadRow, settle
from asyncclean.files.blocks import START, Batch, Position, Tap, no_tap
from asyncclean.files.casts import cast
from asyncclean.files.columns import Columns, typed_columns
from asyncclean.files.csv_ahead import AHEAD, ReadAhead
from asyncclean.files.csv_chunks import ChunkReader, FrameReader, ReadChunk
from asyncclean.files.csv_compiled import CompiledReader, can_read
from asyncclean.files.csv_header import Dialect, read_header
from asyncclean.files.csv_records import RecordSplitter
from asyncclean.files.csv_rows import read_rows
from asyncclean.files.formats import FileFormat
from asyncclean.files.slicing import Chunk, Slicer
from asyncclean.files.stream import ByteStream
from asyncclean.files.window import CHUNK, LONGEST, Window
from asyncclean.kinds import ColumnKind


class CsvSource:
    """A CSV or TSV file. ``chunk``: bytes read at a time; ``longest``: most bytes of a record.

    Raises InputError for a file that cannot be read so, UsageError for ``types`` of columns not there.
    """

    def __init__(
        self,
        path: Path,
        format: FileFormat,
        *,
        size: int,
        encoding: str,
        types: Mapping[str, ColumnKind],
        allowed: frozenset[ColumnKind],
        keep_rejects: bool,
        chunk: int = CHUNK,
        longest: int = LONGEST,
    ) -> None:
        self.path = path
        self.size = size
        self.format = format
        self._encoding = encoding
        self._keep_rejects = keep_rejects
        self._chunk = chunk
        self._longest = longest
        with closing(self._open()) as stream:
            self._header = read_header(Window(stream, chunk=chunk, longest=longest), format.format)
        headers, dialect = self._header.headers, self._header.dialect
        self.columns = typed_columns(path, headers, ["text"] * len(headers), types, allowed)
        self._chunks = _chunk_reader(dialect, self.columns)
        self._splitter = RecordSplitter(dialect.delimiter, skip_spaces=dialect.skip_spaces)

    def _open(self, tap: Tap = no_tap) -> ByteStream:
        return ByteStream(self.path, compression=self.format.compression, encoding=self._encoding, tap=tap)

    def batches(self, start: Position = START, tap: Tap = no_tap) -> Iterator[Batch]:
        """The records from ``start`` on. Raises InputError for a bad row, unless rejects are kept."""
        header = self._header
        offset, line = (start.offset, start.line) if start.offset else (header.offset, header.line)
        slicer = Slicer(start.skip)
        with closing(self._open(tap)) as stream, ThreadPoolExecutor(AHEAD) as threads:
            window = Window(stream, offset=offset, line=line, chunk=self._chunk, longest=self._longest)
            ahead = ReadAhead(window, self._chunks, threads)
            while True:
                # What waits here for the next step must hold nothing of this one.
                yield self._batch(ahead, window, slicer)
                if ahead.done:
                    return

    def _batch(self, ahead: ReadAhead, window: Window, slicer: Slicer) -> Batch:
        chunk, bad = self._step(ahead, window)
        rejects = settle(self.path, bad, keep=self._keep_rejects)
        slices = slicer.add(chunk)
        if ahead.done:
            slices += slicer.finish()
        return Batch(slices, ahead.bytes_read, rejects, chunk.start.offset)

    def _step(self, ahead: ReadAhead, window: Window) -> tuple[Chunk, Sequence[BadRow]]:
        """Take the next whole rows, in the fastest way that is right."""
        # There are three ways: as read ahead; what the window has, in the same way; that, row by row.
        start = Position(ahead.offset, 0, window.line)
        if (read := ahead.next()) is not None:
            if (chunk := self._fitting(read, start)) is not None:
                ahead.accept(read.lines)
                return chunk, ()
            ahead.give_back()
        else:
            read = self._chunks.read(window.data, final=window.final)
            if read is not None and (chunk := self._fitting(read, start)) is not None:
                window.consume(read.length, read.lines)
                return chunk, ()
        rows = read_rows(window.data, self._splitter, self.columns, line=window.line, final=window.final)
        window.consume(self._splitter.consumed, self._splitter.lines)
        return Chunk(rows.frame, start, rows.lines), rows.bad

    def _fitting(self, read: ReadChunk, start: Position) -> Chunk | None:
        """The chunk with its columns cast, if all values fit them."""
        data = read.data
        if isinstance(data, pl.DataFrame):
            data, misfits = cast(data, self.columns)
            if misfits:
                return None
        return Chunk(data, start, _lines(read, start.line))


def _chunk_reader(dialect: Dialect, columns: Columns) -> ChunkReader:
    """The fastest that there is for such a file."""
    return CompiledReader(dialect, columns) if can_read(dialect, columns) else FrameReader(dialect, columns)


def _lines(read: ReadChunk, first: int) -> Sequence[int] | None:
    """The line on which each row begins, or None where every row is one line."""
    if read.breaks is None:
        return None
    return list(itertools.accumulate((1 + count for count in read.breaks[:-1]), initial=first))
