"""Reads records from JSON text. Knows how records become columns and slices; not how they are told apart.

The file is read through once when it is opened, for the columns must be known before the first record can
go up (`json_survey`). If every record can then go up as it is written, it does, unparsed. Otherwise all
records are parsed and made anew, with the columns' names in place of the keys; a missing key is null then.
Which of the two it is depends on the whole file, so a block is the same wherever a reader starts.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from asyncclean.errors import InputError
from asyncclean.files.badrows import BadRow, settle
from asyncclean.files.blocks import START, Batch, Position
from asyncclean.files.casts import without
from asyncclean.files.formats import FileFormat
from asyncclean.files.json_frames import Framer
from asyncclean.files.json_survey import Survey
from asyncclean.files.json_values import BadRecord, Record, parse
from asyncclean.files.slicing import Chunk, Slicer
from asyncclean.files.stream import ByteStream
from asyncclean.files.window import CHUNK, LONGEST, Window
from asyncclean.kinds import ColumnKind

ENCODING_HINT = "If the file is not UTF-8, name its encoding with --encoding (cp1252, latin-1, utf-16, ...)."


@dataclass(frozen=True, slots=True)
class Pieces:
    """Records as they are written. ``lines``: of each, or None where record i is on ``start.line + i``."""

    records: list[bytes]
    start: Position
    lines: Sequence[int] | None

    def line_of(self, index: int) -> int:
        return self.start.line + index if self.lines is None else self.lines[index]


class Splitter(Protocol):
    """Takes the whole records out of a window. Made anew for each reading of a file."""

    def take(self, window: Window) -> Pieces: ...


class JsonSource:
    """A file of JSON records; ``splitter`` tells them apart. ``chunk``, ``longest``: as in `Window`.

    Raises InputError for a file that cannot be read so or has no records, and, unless rejects are kept, for
    the first bad one; UsageError for ``types`` of columns not there.
    """

    def __init__(
        self,
        path: Path,
        format: FileFormat,
        splitter: Callable[[], Splitter],
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
        self._clean = survey.bad == 0
        self._as_written = survey.fits(self.columns)
        self._framer = Framer(self.columns, survey.keys)

    def _stat(self) -> tuple[int, int]:
        stat = os.stat(self.path)  # noqa: PTH116
        return stat.st_size, stat.st_mtime_ns

    def _pieces(self, start: Position) -> Iterator[tuple[Pieces, Window]]:
        stream = ByteStream(self.path, compression=self.format.compression, encoding=self._encoding)
        with closing(stream):
            window = Window(
                stream,
                offset=start.offset,
                line=start.line,
                chunk=self._chunk,
                longest=self._longest,
            )
            splitter = self._splitter()
            while not window.final:
                window.fill()
                yield splitter.take(window), window

    def _survey(self, on_read: Callable[[int], None]) -> Survey:
        survey = Survey()
        for pieces, window in self._pieces(START):
            good, _, bad = _parsed(pieces)
            settle(self.path, bad, keep=self._keep_rejects)
            for record in good:
                survey.add(record)
            survey.bad += len(bad)
            on_read(window.stream.bytes_read)
        if not survey.keys:
            what = "is empty" if self.size == 0 else "holds no record with a key"
            raise InputError(
                self.path,
                f"{what}: there are no columns.",
                hint="The columns of JSON are the keys of its records.",
            )
        return survey

    def batches(self, start: Position = START) -> Iterator[Batch]:
        """The records from ``start`` on. Raises InputError for a file that is not what it was when opened."""
        slicer = Slicer(start.skip)
        for pieces, window in self._pieces(start):
            if self._stat() != self._state:
                raise InputError(self.path, "was changed while it was read.", hint="Try again.")
            chunk, bad = self._chunk_of(pieces)
            slices = slicer.add(chunk)
            if window.final:
                slices += slicer.finish()
            yield Batch(slices, window.stream.bytes_read, settle(self.path, bad, keep=self._keep_rejects))

    def _chunk_of(self, pieces: Pieces) -> tuple[Chunk, Sequence[BadRow]]:
        if self._clean and self._as_written:
            return Chunk(pieces.records, pieces.start, pieces.lines), ()
        good, kept, bad = _parsed(pieces)
        lines = [pieces.line_of(index) for index in kept] if bad else pieces.lines
        if self._as_written:
            return Chunk([pieces.records[index] for index in kept], pieces.start, lines), bad
        frame, misfits = self._framer.frame(good)
        if misfits:
            for misfit in misfits:
                index = kept[misfit.row]
                shown = pieces.records[index].decode()
                bad.append(BadRow(pieces.line_of(index), misfit.reason, shown, misfit.column.header))
            dropped = {misfit.row for misfit in misfits}
            frame = without(frame, sorted(dropped))
            lines = [pieces.line_of(index) for row, index in enumerate(kept) if row not in dropped]
            bad.sort(key=lambda row: row.line)
        return Chunk(frame, pieces.start, lines), bad


def _parsed(pieces: Pieces) -> tuple[list[Record], list[int], list[BadRow]]:
    """The good records, the index of each, and the bad ones."""
    good: list[Record] = []
    kept: list[int] = []
    bad: list[BadRow] = []
    for index, piece in enumerate(pieces.records):
        try:
            good.append(parse(piece.decode()))
            kept.append(index)
        except UnicodeDecodeError as error:
            shown = piece.decode(errors="backslashreplace")
            reason = f"byte 0x{piece[error.start]:02x} is not UTF-8."
            bad.append(BadRow(pieces.line_of(index), reason, shown, hint=ENCODING_HINT))
        except BadRecord as error:
            bad.append(BadRow(pieces.line_of(index), error.reason, piece.decode(), error.column))
    return good, kept, bad
