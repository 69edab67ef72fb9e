"""Any table, written as CSV in any way and cut at any place, comes out as it was."""

import contextlib
import csv
import io
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asyncclean.errors import InputError
from asyncclean.files.csv import CsvSource
from asyncclean.files.csv_records import RecordSplitter
from asyncclean.files.csv_rows import read_rows
from asyncclean.files.formats import FileFormat, Format
from asyncclean.kinds import ALL_KINDS
from tests.files.reading import assert_resumable, read, slices_of

pytestmark = pytest.mark.usefixtures("both_ways")

Cell = str | None

_PIECES = [
    "a",
    "b",
    '"',
    '""',
    ",",
    ";",
    "\t",
    "\n",
    "\r\n",
    "\r",
    " ",
    "é",
    "😀",
    "\u2028",
    "\ufeff",
    "\x00",
    "\x7f",
]
TEXTS = st.lists(st.sampled_from(_PIECES), max_size=5).map("".join)
CHUNKS = st.sampled_from([1, 2, 3, 7, 20, 64, 300, 5000])


@st.composite
def tables(draw: st.DrawFn) -> list[list[Cell]]:
    width = draw(st.integers(1, 4))
    cells = TEXTS if width == 1 else TEXTS | st.none()
    return draw(st.lists(st.lists(cells, min_size=width, max_size=width), max_size=12))


def written(rows: list[list[Cell]], quote_all: bool, delimiter: str, line_end: str) -> str:
    """None as nothing, "" as two quotes; other texts in quotes where they must be or all are."""

    def cell(value: Cell) -> str:
        if value is None:
            return ""
        special = value == "" or any(char in value for char in f'"\n\r{delimiter}')
        return '"' + value.replace('"', '""') + '"' if quote_all or special else value

    return "".join(delimiter.join(map(cell, row)) + line_end for row in rows)


def source(path: Path, chunk: int, *, keep_rejects: bool = False, format: Format = "csv") -> CsvSource:
    return CsvSource(
        path,
        FileFormat(format),
        size=path.stat().st_size,
        encoding="utf-8",
        types={},
        allowed=ALL_KINDS,
        keep_rejects=keep_rejects,
        chunk=chunk,
    )


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("csv") / "table.csv"


@given(
    table=tables(),
    quote_all=st.booleans(),
    delimiter=st.sampled_from(",\t"),
    line_end=st.sampled_from(["\n", "\r\n"]),
    mark=st.sampled_from(["", "\ufeff"]),
    ends=st.booleans(),
    chunk=CHUNKS,
)
@settings(deadline=None)
def test_a_table_comes_out_as_it_was_written(
    path: Path,
    table: list[list[Cell]],
    quote_all: bool,
    delimiter: str,
    line_end: str,
    mark: str,
    ends: bool,
    chunk: int,
) -> None:
    width = len(table[0]) if table else 2
    header: list[Cell] = [f"c{index}" for index in range(width)]
    text = mark + written([header, *table], quote_all, delimiter, line_end)
    path.write_bytes((text if ends else text.removesuffix(line_end)).encode())

    reading = read(source(path, chunk, format="csv" if delimiter == "," else "tsv"))

    assert reading.rows == table
    assert reading.bytes_read[-1] == path.stat().st_size


@given(table=tables(), quote_all=st.booleans(), chunk=CHUNKS, records=st.integers(1, 4))
@settings(max_examples=50, deadline=None)
def test_reading_can_go_on_behind_any_block(
    path: Path, table: list[list[Cell]], quote_all: bool, chunk: int, records: int
) -> None:
    width = len(table[0]) if table else 2
    header: list[Cell] = [f"c{index}" for index in range(width)]
    path.write_text(written([header, *table], quote_all, ",", "\n"), newline="")
    with slices_of(records):
        assert_resumable(source(path, chunk))


@given(table=tables(), chunk=CHUNKS)
@settings(max_examples=50, deadline=None)
def test_lines_are_those_on_which_records_begin(path: Path, table: list[list[Cell]], chunk: int) -> None:
    width = len(table[0]) if table else 2
    header: list[Cell] = [f"c{index}" for index in range(width)]
    path.write_text(written([header, *table], False, ",", "\n"), newline="")
    lines = []
    line = 2
    for row in table:
        lines.append(line)
        line += 1 + sum(cell.count("\n") for cell in row if cell)

    assert read(source(path, chunk)).lines == lines


@given(
    table=st.lists(st.lists(TEXTS, min_size=3, max_size=3), max_size=12),
    quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC, csv.QUOTE_MINIMAL]),
    line_end=st.sampled_from(["\n", "\r\n"]),
    chunk=CHUNKS,
)
@settings(deadline=None)
def test_records_are_those_of_the_csv_module(
    path: Path, table: list[list[str]], quoting: Literal[0, 1, 2], line_end: str, chunk: int
) -> None:
    if quoting == csv.QUOTE_MINIMAL:
        # The module leaves a lone CR without quotes, which it then cannot read.
        table = [[cell.replace("\r", "") for cell in row] for row in table]
    out = io.StringIO(newline="")
    csv.writer(out, quoting=quoting, lineterminator=line_end).writerows([["x", "y", "z"], *table])
    path.write_text(out.getvalue(), newline="")

    expected = list(csv.reader(io.StringIO(out.getvalue(), newline="")))[1:]
    got = [[cell or "" for cell in row] for row in read(source(path, chunk)).rows]
    assert got == expected


_SCRAPS = [
    b"a",
    b"b",
    b",",
    b",",
    b'"',
    b'"',
    b"\n",
    b"\n",
    b"\r\n",
    b"\r",
    b" ",
    b"\xff",
    b"\xc3\xa9",
    b"\xef\xbb\xbf",
]


@given(
    body=st.lists(st.sampled_from(_SCRAPS), max_size=40).map(b"".join),
    chunk=CHUNKS,
    records=st.integers(1, 3),
)
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_read_the_same_fast_and_exactly(
    path: Path, body: bytes, chunk: int, records: int
) -> None:
    path.write_bytes(b"x,y\n" + body)
    csv_source = source(path, chunk, keep_rejects=True)
    splitter = RecordSplitter(b",")
    exact = read_rows(body + b"\n", splitter, csv_source.columns, line=2, final=True)
    with slices_of(records):
        reading = read(csv_source)
        assert_resumable(csv_source)

    assert reading.rows == [list(row) for row in exact.frame.rows()]
    assert reading.lines == exact.lines
    assert [reject.line for reject in reading.rejects] == [row.line for row in exact.bad]
    assert len(list(splitter.split(body + b"\n", final=True))) == len(reading.rows) + len(reading.rejects)


@given(body=st.lists(st.sampled_from(_SCRAPS), max_size=40).map(b"".join), chunk=CHUNKS)
@settings(max_examples=100, deadline=None)
def test_any_bytes_are_records_or_an_input_error(path: Path, body: bytes, chunk: int) -> None:
    path.write_bytes(body)
    with contextlib.suppress(InputError):
        read(source(path, chunk))
