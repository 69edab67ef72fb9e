"""Parquet outputs: typed, in order, and never a null for what does not fit."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asyncclean.errors import OutputError, VerificationError
from asyncclean.files.atomic import part_path
from asyncclean.files.columns import Column, Columns
from asyncclean.files.formats import FileFormat
from asyncclean.files.output import Page, open_writer
from asyncclean.files.write_parquet import ROW_GROUP
from tests.files.awkward import COMPACT, Raw, Style, styles, texts
from tests.files.test_atomic import file_size_limit

pytestmark = pytest.mark.usefixtures("both_ways")

COLUMNS = Columns(
    [
        Column("First Name", "first_name", "text"),
        Column("n", "n", "int"),
        Column("d", "d", "decimal"),
        Column("b", "b", "bool"),
        Column("t", "t", "datetime"),
    ]
)
PARQUET = FileFormat("parquet")


def write(part: Path, pages: Sequence[Page], columns: Columns = COLUMNS) -> pl.DataFrame:
    writer = open_writer(part, format=PARQUET, columns=columns, at=None)
    try:
        writer.write(pages)
        writer.finish()
    finally:
        writer.close()
    return pl.read_parquet(part)


@pytest.fixture(scope="module")
def part(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("parquet") / "out.asyncclean-part"


records = st.fixed_dictionaries(
    {},
    optional={
        "first_name": texts | st.none(),
        "n": st.integers(-(2**63), 2**63 - 1) | st.none(),
        "d": st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**53), 2**53) | st.none(),
        "b": st.booleans() | st.none(),
        "t": st.sampled_from(["2020-01-01T00:00:00.1234567Z", "soon"]) | st.none(),
    },
)


@settings(deadline=None)
@given(style=styles, written=st.lists(st.lists(records, max_size=4), max_size=3))
def test_every_value_comes_back_typed(
    part: Path, style: Style, written: list[list[dict[str, object]]]
) -> None:
    pages = [style.page(records) for records in written]
    frame = write(part, pages)
    assert frame.schema == {
        "First Name": pl.String,
        "n": pl.Int64,
        "d": pl.Float64,
        "b": pl.Boolean,
        "t": pl.String,
    }
    names = [column.name for column in COLUMNS]
    assert frame.rows() == [tuple(record.get(name) for name in names) for page in written for record in page]


@pytest.mark.parametrize(
    "member",
    [
        '"n":1.5',
        '"n":9223372036854775808',
        '"n":"007"',
        '"n":""',
        '"n":true',
        '"n":[1]',
        '"d":1e400',
        '"d":"NaN"',
        '"b":"yes"',
        '"b":1',
    ],
)
def test_a_value_that_does_not_fit_is_an_error(part: Path, member: str) -> None:
    page = Page(f"[{{}},{{{member}}}]".encode(), 2)
    with pytest.raises(VerificationError, match=f"Column '{member[1]}' of the output: expected .* found"):
        write(part, [page])


def test_a_column_that_the_dataset_does_not_have_is_an_error(part: Path) -> None:
    with pytest.raises(VerificationError, match="found 'zz'"):
        write(part, [Page(b'[{"zz":1}]', 1)])


def test_rows_keep_their_order_over_row_groups_of_one_size(part: Path) -> None:
    columns = Columns([Column("n", "n", "int")])
    count = 2 * ROW_GROUP + 10
    pages = [
        COMPACT.page([{"n": number} for number in range(start, min(count, start + 1000))])
        for start in range(0, count, 1000)
    ]
    assert write(part, pages, columns)["n"].to_list() == list(range(count))
    writer = open_writer(part, format=PARQUET, columns=columns, at=None)
    for page in pages:
        writer.write([page])
    whole = part.with_name("other")
    writer.finish()
    writer.close()
    one_by_one = part.read_bytes()
    write(whole, pages, columns)
    assert whole.read_bytes() == one_by_one


def test_no_records_make_a_file_with_columns_and_no_rows(part: Path) -> None:
    for none in ([], [Page(b"[]", 0)]):
        frame = write(part, none)
        assert (frame.height, frame.columns) == (0, [column.header for column in COLUMNS])


def test_a_full_disk_at_the_end_keeps_the_spool(tmp_path: Path) -> None:
    part = part_path(tmp_path / "out.parquet")
    columns = Columns([Column("a", "a", "text")])
    page = COMPACT.page([{"a": f"{number * 7919 % 1000:x}" * 9} for number in range(1000)])
    writer = open_writer(part, format=PARQUET, columns=columns, at=None)
    writer.write([page])
    written = writer.sync()
    with file_size_limit(1000), pytest.raises(OutputError, match=r"out\.parquet: File too large"):
        writer.finish()
    writer.close()
    assert part.stat().st_size == written.length
    assert list(tmp_path.iterdir()) == [part]
    writer = open_writer(part, format=PARQUET, columns=columns, at=written.length)
    writer.finish()
    writer.close()
    assert pl.read_parquet(part).height == 1000


def test_decimals_that_are_whole_or_text_are_numbers_too(part: Path) -> None:
    page = COMPACT.page([{"d": Raw("1")}, {"d": Raw("1.10")}, {"d": "2.5"}, {"d": Raw("-1e-5")}])
    assert write(part, [page])["d"].to_list() == [1.0, 1.1, 2.5, -1e-5]
