"""Reads records from JSON text. Knows how records become columns and slices; not how they are told apart.

The file is read through once when it is opened, for the columns must be known before the first record can
go up (`json_survey`). If every record can then go up as it is written, it does, unparsed. Otherwise all
records are parsed and made anew, with the columns' names in place of the keys; a missing key is null then.
Which of the two it is depends on the whole file, so a block is the same wherever a reader starts.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import polars as pl

from asyncclean.errors import InputError
from asyncclean.files.badrows import BadRow, settle
from asyncclean.files.blocks import START, Batch, Position, Tap, no_tap
from asyncclean.files.casts import without
from asyncclean.files.formats import FileFormat
from asyncclean.files.json_frames import Framer
from asyncclean.files.json_lines import JsonLines
from asyncclean.files.json_pieces import Pieces, Proof, Splitter
from asyncclean.files.json_survey import Survey, read
from asyncclean.files.json_values import Record
from asyncclean.files.slicing import Chunk, Slicer
from asyncclean.files.stream import ByteStream
from asyncclean.files.window import CHUNK, LONGEST, Window
from asyncclean.kinds import ColumnKind


class JsonSource:
    """A file of JSON records; ``splitter`` tells them apart. ``chunk``, ``longest``: as in `Window`.

    Raises InputError for a file that cannot be read so or has no records, and, unless rejects are kept, for
    the first bad one; UsageError for ``types`` of columns not there.
    """

    def __init__(
        self,
        path: Path,
        format: FileFormat,
        splitter: Splitter,
        *,
        size: int,
        encoding: str,
        types: Mapping[str, ColumnKind],
        allowed: frozenset[ColumnKind],
        keep_rejects: bool,
        on_read: Callable[[int], None],
        chunk: int = CHUNK,
        longest: int = LONGEST,
    ) -> None:
        self.path = path
        self.size = size
        self.format = format
        self._splitter = splitter
        self._encoding = encoding
        self._keep_rejects = keep_rejects
        self._chunk = chunk
        self._longest = longest
        self._state = self._stat()
        survey = self._survey(on_read)
        self.columns = survey.columns(path, types, allowed)
        self._framer = Framer(self.columns, survey.keys, whole=survey.whole)
        # Nothing is left to be found out where the survey found nothing but records to be sent as they are.
        plain = self._framer.as_written and survey.regular and survey.bad == 0
        self._proven: Proof = (lambda lines: True) if plain else self._framer.proven

    def _stat(self) -> tuple[int, int]:
        stat = os.stat(self.path)  # noqa: PTH116
        return stat.st_size, stat.st_mtime_ns

    def _pieces(self, start: Position, proven: Proof, tap: Tap = no_tap) -> Iterator[tuple[Pieces, Window]]:
        stream = ByteStream(self.path, compression=self.format.compression, encoding=self._encoding, tap=tap)
        with closing(stream):
            window = Window(
                stream, offset=start.offset, line=start.line, chunk=self._chunk, longest=self._longest
            )
            self._splitter.begin(at_start=start.offset == 0)
            while not window.final:
                window.fill()
                yield self._splitter.take(window, proven), window

    def _survey(self, on_read: Callable[[int], None]) -> Survey:
        survey = Survey()
        with ThreadPoolExecutor(2) as pool:
            for pieces, window in self._pieces(START, _by_halves(survey.proven, pool)):
                settle(self.path, survey.look(pieces), keep=self._keep_rejects)
                on_read(window.stream.bytes_read)
        if not survey.keys:
            what = "is empty" if self.size == 0 else "holds no record with a key"
            raise InputError(
                self.path,
                f"{what}: there are no columns.",
                hint="The columns of JSON are the keys of its records.",
            )
        return survey

    def batches(self, start: Position = START, tap: Tap = no_tap) -> Iterator[Batch]:
        """The records from ``start`` on. Raises InputError for a file that is not what it was when opened."""
        slicer = Slicer(start.skip)
        for pieces, window in self._pieces(start, self._proven, tap):
            if self._stat() != self._state:
                raise InputError(self.path, "was changed while it was read.", hint="Try again.")
            yield self._batch(pieces, window, slicer)

    def _batch(self, pieces: Pieces, window: Window, slicer: Slicer) -> Batch:
        chunk, bad = self._chunk_of(pieces)
        slices = slicer.add(chunk)
        if window.final:
            slices += slicer.finish()
        rejects = settle(self.path, bad, keep=self._keep_rejects)
        return Batch(slices, window.stream.bytes_read, rejects, chunk.start.offset)

    def _chunk_of(self, pieces: Pieces) -> tuple[Chunk, Sequence[BadRow]]:
        if pieces.proven and self._framer.as_written:
            return Chunk(pieces.data, pieces.start, pieces.lines), ()
        if pieces.proven:
            frame, misfits = self._framer.cast(self._framer.frame_of_lines(pieces.data))
            if not misfits:
                return Chunk(frame, pieces.start, pieces.lines), ()
        return self._exact_chunk(pieces)

    def _exact_chunk(self, pieces: Pieces) -> tuple[Chunk, Sequence[BadRow]]:
        """The chunk where some records need a closer look, or are bad."""
        records = pieces.data.records()
        parsed: dict[int, Record] = {}
        bad: dict[int, BadRow] = {}
        for index in self._framer.others(records):
            record = read(pieces, index, records[index])
            if isinstance(record, BadRow):
                bad[index] = record
            else:
                parsed[index] = record
        good = [index for index in range(len(records)) if index not in bad]
        data: JsonLines | pl.DataFrame
        if self._framer.as_written:
            data = JsonLines.of([records[index] for index in good])
        else:
            easy = [index for index in good if index not in parsed]
            lines = JsonLines.of([records[index] for index in easy])
            both = [self._framer.frame_of_lines(lines), self._framer.frame(list(parsed.values()))]
            order = pl.Series([*easy, *parsed], dtype=pl.Int64).arg_sort()
            data, misfits = self._framer.cast(pl.concat(both)[order])
            for misfit in misfits:
                index = good[misfit.row]
                shown = records[index].decode()
                line = pieces.line_of(index)
                bad[index] = BadRow(line, misfit.reason, shown, misfit.column.header)
            data = without(data, [misfit.row for misfit in misfits])
        lines_of = [pieces.line_of(index) for index in range(len(records)) if index not in bad]
        return Chunk(data, pieces.start, lines_of), [bad[index] for index in sorted(bad)]


def _by_halves(proof: Proof, pool: Executor) -> Proof:
    """The proof, by two threads: nearly all of a survey's time is spent on it, without the GIL."""

    def proven(lines: bytes) -> bool:
        middle = lines.find(b"\n", len(lines) // 2) + 1
        return all(pool.map(proof, (lines[:middle], lines[middle:])))

    return proven
