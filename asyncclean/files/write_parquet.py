"""Pages into Parquet. Knows row groups and the way there; knows nothing of the service.

Parquet cannot be added to once it is finished, nor gone on with before. So pages are spooled (as Arrow
frames, zstd-compressed) in the part file, which can be cut back and gone on with, and the whole is turned
into Parquet at the end: row groups of a fixed size, the same bytes however the pages came.

Types: int is Int64, decimal is Float64, bool is Boolean. Text and date-times are String: a date-time stays
as the service wrote it, with all its digits. A value that does not fit is an error, and never a null.

What lies in the part's place, by instant: the spool; then (after a rename) the Parquet file, with the
spool under another name beside it until the part is committed, so that a run that was killed before it
could note the end still goes on from the spool.
"""

import io
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import polars as pl
from polars.exceptions import PolarsError
from polars.io.plugins import register_io_source

from asyncclean.errors import OutputError, VerificationError
from asyncclean.files import atomic
from asyncclean.files.cells import Cells
from asyncclean.files.columns import Column, Columns
from asyncclean.files.convert_ahead import ConvertAhead, Converted
from asyncclean.files.pages import Page, Written
from asyncclean.kinds import ColumnKind

ROW_GROUP = 20_000
"""Rows of a row group. Larger ones read a little faster, but about five are held while writing: the peak of
turning a spool of 11 columns into Parquet is 114 MB at 20,000 rows, 160 MB at 50,000, 220 MB at 120,000."""

STEP = 4
"""Pages put into a frame of the spool. Two take a quarter more of a whole download's time."""

_SPOOL = b"asyncclean spool 1\n"
_TYPES: dict[ColumnKind, type[pl.DataType]] = {
    "text": pl.String,
    "int": pl.Int64,
    "decimal": pl.Float64,
    "bool": pl.Boolean,
    "datetime": pl.String,
}

_KIND_NAMES: dict[ColumnKind, str] = {
    "text": "text",
    "int": "a whole number of 64 bits",
    "decimal": "a number",
    "bool": "true or false",
    "datetime": "text",
}
_INT = r"^-?(?:0|[1-9][0-9]*)$"
_DECIMAL = r"^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$"

_SYSTEM_ERROR = re.compile(r"os error (\d+)")


class ParquetWriter:
    """Spools, and writes the Parquet file in `finish`. ``at``: a length of the spool."""

    def __init__(self, part: Path, columns: Columns, *, at: int | None) -> None:
        self._part = part
        self._spool = atomic.spool_path(part)
        self._whole = atomic.whole_path(part)
        self._columns = columns
        self._cells = Cells(columns)
        self._take_up(at)
        self._file = atomic.PartFile(part, at=at)
        self._ahead = ConvertAhead(self._frame, step=STEP, threads=1)
        self._finished = False
        self._pages = 0
        self.records = 0
        if not self._file.length:
            self._file.append(_SPOOL)

    def _take_up(self, at: int | None) -> None:
        """Put the spool, if there is one to go on with, in its place, and clear away what a kill left."""
        with atomic.writing(self._part):
            self._whole.unlink(missing_ok=True)
            if at is None:
                self._spool.unlink(missing_ok=True)
                return
            if self._spool.exists():
                self._spool.replace(self._part)
            with self._part.open("rb") as file:
                if file.read(len(_SPOOL)) != _SPOOL:
                    raise OutputError(
                        atomic.output_path(self._part),
                        "is not what an unfinished run left there.",
                        hint="Use --fresh to start over.",
                    )

    def write(self, pages: Sequence[Page]) -> Written:
        return self._append(self._ahead.add(pages))

    def _append(self, ready: Iterable[Converted[memoryview]]) -> Written:
        for converted in ready:
            if (frame := converted.result) is not None:
                self._file.append(len(frame).to_bytes(8, "little"), frame)
            self._pages += converted.pages
            self.records += converted.records
        return Written(self._file.length, self._pages)

    def _frame(self, pages: Sequence[Page]) -> memoryview:
        buffer = io.BytesIO()
        self._typed(self._cells.frame(pages)).write_ipc(buffer, compression="zstd")
        return buffer.getbuffer()

    def _typed(self, cells: pl.DataFrame) -> pl.DataFrame:
        others = [column for column in self._columns if cells.schema[column.name] != _TYPES[column.kind]]
        typed = cells.with_columns(_fitting(column) for column in others)
        for column in others:
            lost = cells[column.name].is_not_null() & typed[column.name].is_null()
            if lost.any():
                raise VerificationError(
                    f"Column {column.header!r} of the output",
                    expected=f"{_KIND_NAMES[column.kind]} in every record",
                    found=repr(cells[column.name].filter(lost)[0]),
                    hint="Choose CSV, NDJSON or JSON as the output's format, which take any value.",
                )
        return typed

    def finish(self) -> None:
        self._append(self._ahead.rest())
        with atomic.writing(self._part):
            try:
                self._convert()
                atomic.sync(self._whole)
            except BaseException:
                self._whole.unlink(missing_ok=True)
                raise
            self._part.replace(self._spool)
            self._whole.replace(self._part)
            atomic.sync(self._part.parent)
        self._finished = True

    def _convert(self) -> None:
        self._whole.touch(mode=0o600)
        source = register_io_source(lambda *_: self._row_groups(), schema=self._schema())
        try:
            source.sink_parquet(self._whole, compression="zstd", row_group_size=ROW_GROUP)
        except PolarsError as error:
            # polars says what the system said in words only.
            if found := _SYSTEM_ERROR.search(str(error)):
                number = int(found[1])
                raise OSError(number, os.strerror(number)) from error
            raise OutputError(atomic.output_path(self._part), str(error)) from error

    def _schema(self) -> dict[str, type[pl.DataType]]:
        return {column.header: _TYPES[column.kind] for column in self._columns}

    def _row_groups(self) -> Iterator[pl.DataFrame]:
        """The spool's rows in frames of `ROW_GROUP`, the last one less, even none."""
        rows = pl.DataFrame(schema=self._schema())
        for frame in self._spooled():
            rows = pl.concat([rows, frame.rename({c.name: c.header for c in self._columns})])
            while rows.height >= ROW_GROUP:
                yield rows[:ROW_GROUP].rechunk()
                rows = rows[ROW_GROUP:]
        yield rows.rechunk()

    def _spooled(self) -> Iterator[pl.DataFrame]:
        with self._part.open("rb") as file:
            file.seek(len(_SPOOL))
            while length := int.from_bytes(file.read(8), "little"):
                yield pl.read_ipc(io.BytesIO(file.read(length)))

    def sync(self) -> Written:
        written = self._append(self._ahead.rest())
        if self._finished:
            with atomic.writing(self._part):
                atomic.sync(self._part)
        else:
            self._file.sync()
        return written

    def close(self) -> None:
        self._ahead.close()
        self._file.close()


def _fitting(column: Column) -> pl.Expr:
    """A column of text cells as its own type, null where a cell does not fit."""
    cell = pl.col(column.name)
    match column.kind:
        case "int":
            return pl.when(cell.str.contains(_INT)).then(cell.cast(pl.Int64, strict=False))
        case "decimal":
            number = cell.cast(pl.Float64, strict=False)
            return pl.when(cell.str.contains(_DECIMAL) & number.is_finite()).then(number)
        case "bool":
            return pl.when(cell.is_in(["true", "false"])).then(cell == "true")
        case _:
            return cell.cast(pl.String)
