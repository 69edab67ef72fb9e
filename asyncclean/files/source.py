"""Opens a local file as a source of records. Knows which reader is whose; the readers know the rest."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from asyncclean.errors import UsageError
from asyncclean.files.blocks import Reader
from asyncclean.files.columns import Columns
from asyncclean.files.csv import CsvSource
from asyncclean.files.formats import FileFormat, detect
from asyncclean.files.json_array import Array
from asyncclean.files.json_pieces import Splitter
from asyncclean.files.json_source import JsonSource
from asyncclean.files.mended import MendedLines
from asyncclean.files.ndjson import Lines
from asyncclean.files.parquet import ParquetSource
from asyncclean.files.stream import check_file, normal_encoding
from asyncclean.kinds import ALL_KINDS, ColumnKind


class Source(Reader, Protocol):
    """A file that is read in order, from any position that it has given before. Blocking.

    ``size``: bytes on disk. ``columns``: in the order of the file. `batches` raises InputError.
    """

    path: Path
    size: int
    format: FileFormat
    columns: Columns


def _ignore(bytes_read: int) -> None:
    """Nobody asks."""


def open_source(
    path: Path,
    *,
    format: FileFormat | None = None,
    encoding: str = "utf-8",
    types: Mapping[str, ColumnKind] = {},
    allowed: frozenset[ColumnKind] = ALL_KINDS,
    keep_rejects: bool = False,
    mended: bool = False,
    on_read: Callable[[int], None] = _ignore,
) -> Source:
    """Look at a file and find its columns. Blocking: JSON and NDJSON are read through once for that.

    ``format``: else by the file's name. ``types``: kinds of columns, by header or name; only text formats
    need them. ``allowed``: columns of any other kind are read as text. ``keep_rejects``: bad rows are given
    in `Batch.rejects`; else the first one raises InputError. ``mended``: the file is a rejects file, whose
    records are read. ``on_read`` is told how many bytes of the file that first reading has taken.

    Raises InputError for a file that is missing, unreadable, empty or broken; UsageError for a format,
    an encoding or a column in ``types`` that there is not.
    """
    format = format or detect(path)
    if mended and format.format != "ndjson":
        raise UsageError(f"{path}: a rejects file is NDJSON.", hint="Name it so, or give --format ndjson.")
    size = check_file(path)
    if format.format == "parquet":
        return ParquetSource(path, format, size=size, types=types, allowed=allowed, keep_rejects=keep_rejects)
    encoding = normal_encoding(encoding)
    if format.format in ("csv", "tsv"):
        return CsvSource(
            path,
            format,
            size=size,
            encoding=encoding,
            types=types,
            allowed=allowed,
            keep_rejects=keep_rejects,
        )
    splitter: Splitter = MendedLines() if mended else Lines() if format.format == "ndjson" else Array()
    return JsonSource(
        path,
        format,
        splitter,
        size=size,
        encoding=encoding,
        types=types,
        allowed=allowed,
        keep_rejects=keep_rejects,
        on_read=on_read,
    )
