"""The one door to writing: opens the writer for a format. Knows which there are, not how they work."""

from collections.abc import Mapping
from pathlib import Path

from asyncclean.errors import OutputError
from asyncclean.files.atomic import PartFile, output_path
from asyncclean.files.columns import Column, Columns
from asyncclean.files.formats import FileFormat
from asyncclean.files.pages import Page, Writer, Written, count_records, seems_to_hold
from asyncclean.files.write_compressed import CompressedWriter
from asyncclean.files.write_csv import csv_layout
from asyncclean.files.write_ndjson import json_layout, ndjson_layout
from asyncclean.files.write_parquet import ParquetWriter
from asyncclean.files.write_plain import PlainWriter
from asyncclean.kinds import ColumnKind

__all__ = ["Page", "Writer", "Written", "count_records", "open_writer", "output_columns", "seems_to_hold"]


def output_columns(kinds: Mapping[str, ColumnKind], headers: Columns | None) -> Columns:
    """An output dataset's columns, with the input's headers given back to those that came from it.

    A column that the workflow added is headed by its name. No two headers become the same: a header that
    is a valid name is always that of the column so named (see `columns.map_headers`).
    """
    known = {column.name: column.header for column in headers or ()}
    return Columns(Column(known.get(name, name), name, kind) for name, kind in kinds.items())


def open_writer(
    part: Path, *, format: FileFormat, columns: Columns, at: int | None, csv_safe: bool = False
) -> Writer:
    """Open a part file to write pages into. Blocking.

    ``at``: cut the file back to this length, a `Written.length` that was reported, and go on from there;
    None: begin anew. ``csv_safe``: guard CSV and TSV against formulas (see `write_csv`).
    Raises OutputError when it cannot be written, is shorter than ``at``, or needs columns and has none.
    """
    if not columns and format.format in ("csv", "tsv", "parquet"):
        raise OutputError(
            output_path(part),
            "the service names no columns for this dataset.",
            hint="Choose NDJSON or JSON as the output's format, which need none.",
        )
    if format.format == "parquet":
        return ParquetWriter(part, columns, at=at)
    match format.format:
        case "csv" | "tsv":
            separator = "," if format.format == "csv" else "\t"
            layout = csv_layout(columns, separator=separator, safe=csv_safe)
        case "ndjson":
            layout = ndjson_layout(columns)
        case "json":
            layout = json_layout(columns)
    file = PartFile(part, at=at)
    if format.compression is not None:
        return CompressedWriter(file, layout, format.compression)
    return PlainWriter(file, layout)
