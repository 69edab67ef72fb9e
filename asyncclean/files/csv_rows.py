"""Makes a frame of CSV the slow, exact way, and says which rows are bad and why. Knows no chunks."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from asyncclean.files.badrows import ENCODING_HINT, HINT, BadRow, as_object, not_text
from asyncclean.files.casts import cast, without
from asyncclean.files.columns import Columns
from asyncclean.files.csv_records import Record, RecordSplitter


@dataclass(frozen=True, slots=True)
class Rows:
    """The good rows of some data, the source line of each, and the bad ones in order."""

    frame: pl.DataFrame
    lines: Sequence[int]
    bad: Sequence[BadRow]


def read_rows(data: bytes, splitter: RecordSplitter, columns: Columns, *, line: int, final: bool) -> Rows:
    """Read the complete records of ``data``, whose first byte is on ``line`` (from 1)."""
    rows: list[list[str | None]] = []
    kept: list[Record] = []
    bad: list[BadRow] = []
    for record in splitter.split(data, final=final):
        row = _row(record, data, columns, line)
        if isinstance(row, BadRow):
            bad.append(row)
        else:
            rows.append(row)
            kept.append(record)
    headers = [column.header for column in columns]
    schema = {column.name: pl.String for column in columns}
    texts = pl.DataFrame(rows, schema=schema, orient="row")
    frame, misfits = cast(texts, columns)
    for misfit in misfits:
        record = kept[misfit.row]
        shown = as_object(headers, rows[misfit.row])
        bad.append(BadRow(line + record.line, misfit.reason, shown, misfit.column.header))
    dropped = {misfit.row for misfit in misfits}
    lines = [line + record.line for index, record in enumerate(kept) if index not in dropped]
    return Rows(without(frame, sorted(dropped)), lines, sorted(bad, key=lambda row: row.line))


def _row(record: Record, data: bytes, columns: Columns, line: int) -> list[str | None] | BadRow:
    """The texts of a record, or why it is bad."""
    at = line + record.line
    if record.fields is None:
        opened = at + record.opened
        shown = data[record.start : record.end].decode(errors="backslashreplace")
        return BadRow(at, f"a quote that opens a field on line {opened:,} is never closed.", shown)
    if len(record.fields) != len(columns):
        than = "longer" if len(record.fields) > len(columns) else "shorter"
        found, expected = len(record.fields), len(columns)
        fields = "field" if found == 1 else "fields"
        reason = f"the row is {than} than the header: {found} {fields} instead of {expected}."
        return BadRow(at, reason, _shown(record.fields, columns))
    row: list[str | None] = []
    for field, column in zip(record.fields, columns, strict=True):
        try:
            row.append(None if field is None else field.decode())
        except UnicodeDecodeError as error:
            shown = _shown(record.fields, columns)
            return BadRow(at, not_text(error), shown, column.header, f"{ENCODING_HINT} {HINT}")
    return row


def _shown(fields: Sequence[bytes | None], columns: Columns) -> str:
    texts = [None if field is None else field.decode(errors="backslashreplace") for field in fields]
    return as_object([column.header for column in columns], texts)
