"""Parquet's own types become kinds, and its rows come out in bounded steps."""

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asyncclean.errors import InputError
from asyncclean.files import parquet
from asyncclean.files.blocks import Reject
from asyncclean.files.formats import FileFormat
from asyncclean.files.parquet import ParquetSource
from asyncclean.files.source import open_source
from asyncclean.kinds import ALL_KINDS
from tests.files.reading import assert_resumable, read, slices_of


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("parquet") / "rows.parquet"


def source(path: Path, chunk: int = parquet.CHUNK, *, keep_rejects: bool = False) -> ParquetSource:
    size = path.stat().st_size
    options: dict[str, Any] = {"types": {}, "allowed": ALL_KINDS, "keep_rejects": keep_rejects}
    return ParquetSource(path, FileFormat("parquet"), size=size, chunk=chunk, **options)


ROWS = st.lists(
    st.tuples(
        st.none() | st.text(max_size=5),
        st.none() | st.integers(-(2**63), 2**63 - 1),
        st.none() | st.floats(allow_nan=False, allow_infinity=False),
        st.none() | st.booleans(),
    ),
    max_size=20,
)


@given(
    rows=ROWS,
    group=st.integers(1, 8),
    chunk=st.sampled_from([1, 100, 1000, 1 << 20]),
    slices=st.integers(1, 4),
)
@settings(max_examples=50, deadline=None)
def test_rows_come_out_as_they_were_written(
    path: Path, rows: list[tuple[Any, ...]], group: int, chunk: int, slices: int
) -> None:
    schema = {"text": pl.String, "int": pl.Int64, "decimal": pl.Float64, "bool": pl.Boolean}
    pl.DataFrame(rows, schema=schema, orient="row").write_parquet(path, row_group_size=group)
    with pytest.MonkeyPatch.context() as patch, slices_of(slices):
        patch.setattr(parquet, "FIRST_ROWS", 2)
        reading = read(source(path, chunk))
        assert_resumable(source(path, chunk))
    assert source(path).columns.kinds() == {name: name for name in schema}
    assert [tuple(row) for row in reading.rows] == rows
    assert reading.lines == list(range(1, len(rows) + 1))
    assert reading.bytes_read[-1] == path.stat().st_size


def test_types_become_kinds_and_values_that_json_holds(path: Path) -> None:
    moment = dt.datetime(2024, 1, 31, 12, 0, 0, 500_000)
    frame = pl.DataFrame(
        {
            "small": pl.Series([1], dtype=pl.UInt8),
            "long": pl.Series([2**63 - 1], dtype=pl.UInt64),
            "longer": pl.Series([2**64 - 1], dtype=pl.UInt64),
            "huge": pl.Series([2**100], dtype=pl.Int128),
            "single": pl.Series([0.1], dtype=pl.Float32),
            "money": pl.Series([Decimal("12.50")], dtype=pl.Decimal(20, 2)),
            "day": [dt.date(2024, 1, 31)],
            "moment": [moment],
            "there": pl.Series([moment]).dt.replace_time_zone("Asia/Kolkata"),
            "time": [dt.time(1, 2, 3)],
            "category": pl.Series(["x"], dtype=pl.Categorical),
            "enum": pl.Series(["y"], dtype=pl.Enum(["y"])),
            "nothing": [None],
            "First Name": ["z"],
        }
    )
    frame.write_parquet(path)
    opened = source(path)
    assert opened.columns.kinds() == {
        "small": "int",
        "long": "int",
        "longer": "text",
        "huge": "text",
        "single": "decimal",
        "money": "decimal",
        "day": "datetime",
        "moment": "datetime",
        "there": "datetime",
        "time": "text",
        "category": "text",
        "enum": "text",
        "nothing": "text",
        "first_name": "text",
    }
    assert read(opened).rows == [
        [
            1,
            2**63 - 1,
            str(2**64 - 1),
            str(2**100),
            0.1,
            12.5,
            "2024-01-31",
            "2024-01-31T12:00:00.500",
            "2024-01-31T12:00:00.500+05:30",
            "01:02:03",
            "x",
            "y",
            None,
            "z",
        ]
    ]


def test_numbers_that_json_cannot_hold_make_bad_rows(path: Path) -> None:
    exact = pl.Series([Decimal("0.5"), Decimal("0.5"), Decimal("0.5"), Decimal("1234567890.12345678901")])
    pl.DataFrame(
        {"float": [0.5, float("nan"), float("inf"), 0.5], "exact": exact.cast(pl.Decimal(30, 11))}
    ).write_parquet(path)
    reading = read(source(path, keep_rejects=True))
    assert reading.rows == [[0.5, 0.5], [None, 0.5]]
    assert reading.lines == [1, 2]
    assert [(reject.line, reject.reason) for reject in reading.rejects] == [
        (3, "column 'float': inf is not a number that JSON can hold."),
        (4, "column 'exact': '1234567890.12345678901' is not a decimal number of at most 15 digits."),
    ]
    assert all(isinstance(reject, Reject) and "exact" in reject.record for reject in reading.rejects)
    with pytest.raises(InputError, match="line 3, column 'float': inf is not a number"):
        read(source(path))


def test_types_asked_for_come_before_the_own_ones(path: Path) -> None:
    pl.DataFrame({"a": ["1", "2"], "b": [1, 2], "c": [1.5, None]}).write_parquet(path)
    opened = open_source(path, types={"a": "int", "b": "text", "c": "text"})
    assert opened.columns.kinds() == {"a": "int", "b": "text", "c": "text"}
    assert read(opened).rows == [[1, "1", "1.5"], [2, "2", None]]


@pytest.mark.parametrize(
    "series",
    [pl.Series("x", [[1]]), pl.Series("x", [{"a": 1}]), pl.Series("x", [b"1"])],
    ids=["list", "struct", "binary"],
)
def test_a_column_of_values_that_are_not_single_is_refused(path: Path, series: pl.Series) -> None:
    pl.DataFrame([series]).write_parquet(path)
    with pytest.raises(InputError, match=r"column 'x': a column of type .* Leave it out, or write"):
        source(path)


def test_a_file_without_rows_is_a_source_of_no_records(path: Path) -> None:
    pl.DataFrame({"a": []}, schema={"a": pl.Int32}).write_parquet(path)
    opened = source(path)
    assert opened.columns.kinds() == {"a": "int"}
    assert read(opened).records == []


def test_what_is_no_parquet_is_refused(path: Path) -> None:
    pl.DataFrame({"a": list(range(1000))}).write_parquet(path)
    whole = path.read_bytes()
    for damaged in (
        b"",
        b"PAR1",
        b"a,b\n1,2\n",
        whole[:-10],
        whole[100:],
        whole[:-30] + b"x" * 22 + whole[-8:],
    ):
        path.write_bytes(damaged)
        with pytest.raises(InputError, match="cannot be read as Parquet"):
            read(source(path))


def test_a_name_with_stars_and_equals_signs_is_a_name(tmp_path: Path) -> None:
    path = tmp_path / "a=1" / "x*[1].parquet"
    path.parent.mkdir()
    pl.DataFrame({"b": [1]}).write_parquet(path)
    opened = source(path)
    assert [column.header for column in opened.columns] == ["b"]
    assert read(opened).rows == [[1]]
