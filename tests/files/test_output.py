"""What comes out of a writer is what went in, whatever it was, in every text format."""

import gzip
import json
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from asyncclean.errors import OutputError, VerificationError
from asyncclean.files.columns import Column, Columns
from asyncclean.files.formats import Compression, FileFormat, Format
from asyncclean.files.output import Page, Written, count_records, open_writer, output_columns, seems_to_hold
from tests.files.awkward import COMPACT, Raw, nested, pages, read_csv, scalars, texts

pytestmark = pytest.mark.usefixtures("both_ways")

NAMES = ["a", "b", "first_name"]
SAME = Columns(Column(name, name, "text") for name in NAMES)
RENAMED = Columns(
    [Column("A", "a", "text"), Column('b "b":', "b", "int"), Column("$0 é", "first_name", "text")]
)
TYPED = Columns(
    [Column("a", "a", "int"), Column("b", "b", "bool"), Column("first_name", "first_name", "text")]
)
DECIMAL = Columns(
    [Column("a", "a", "decimal"), Column("b", "b", "int"), Column("first_name", "first_name", "datetime")]
)
TEXT_FORMATS: list[Format] = ["csv", "tsv", "ndjson", "json"]
COMPRESSIONS: list[Compression | None] = [None, "gzip", "zstd"]


def write(
    part: Path,
    pages: Sequence[Page],
    format: Format,
    *,
    columns: Columns = SAME,
    compression: Compression | None = None,
    csv_safe: bool = False,
) -> str:
    """The text of a file of these pages."""
    writer = open_writer(
        part, format=FileFormat(format, compression), columns=columns, at=None, csv_safe=csv_safe
    )
    try:
        writer.write(pages)
        writer.finish()
        writer.sync()
        assert writer.records == sum(page.records for page in pages)
    finally:
        writer.close()
    packed = part.read_bytes()
    match compression:
        case "gzip":
            return gzip.decompress(packed).decode()
        case "zstd":
            with zstandard.ZstdDecompressor().stream_reader(packed, read_across_frames=True) as stream:
                return stream.read().decode()
        case None:
            return packed.decode()


def exact_json(text: str) -> Any:
    """Parsed, with the digits of numbers kept."""
    return json.loads(text, parse_int=Raw, parse_float=Raw)


def cell(value: object) -> str | None:
    """What a value is in CSV."""
    return value if value is None or isinstance(value, str) else COMPACT.value(value)


Pages = list[tuple[Page, list[dict[str, object]]]]
flat_pages = st.lists(pages(NAMES), max_size=3)
nested_pages = st.lists(pages(NAMES, scalars | nested), max_size=3)


@pytest.fixture(scope="module")
def part(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("output") / "out.asyncclean-part"


@pytest.mark.parametrize("compression", COMPRESSIONS)
@pytest.mark.parametrize(("format", "delimiter"), [("csv", ","), ("tsv", "\t")])
@settings(deadline=None)
@given(written=flat_pages, columns=st.sampled_from([SAME, RENAMED, TYPED, DECIMAL]))
def test_every_cell_of_a_csv_is_the_value_that_the_page_held(
    part: Path,
    format: Format,
    delimiter: str,
    compression: Compression | None,
    written: Pages,
    columns: Columns,
) -> None:
    text = write(part, [page for page, _ in written], format, columns=columns, compression=compression)
    header, *rows = read_csv(text, delimiter)
    assert header == [column.header for column in columns]
    assert rows == [
        [cell(record.get(name)) for name in NAMES] for _, records in written for record in records
    ]


@pytest.mark.parametrize("compression", COMPRESSIONS)
@settings(deadline=None)
@given(written=nested_pages, columns=st.sampled_from([SAME, RENAMED]))
def test_every_line_of_ndjson_is_the_record_that_the_page_held(
    part: Path,
    compression: Compression | None,
    written: Pages,
    columns: Columns,
) -> None:
    headers = {column.name: column.header for column in columns}
    text = write(part, [page for page, _ in written], "ndjson", columns=columns, compression=compression)
    assert text == "" or text.endswith("\n")
    found = [list(exact_json(line).items()) for line in text.split("\n")[:-1]]
    assert found == [
        [(headers[key], value) for key, value in record.items()]
        for _, records in written
        for record in records
    ]


@pytest.mark.parametrize("compression", COMPRESSIONS)
@settings(deadline=None)
@given(written=nested_pages, columns=st.sampled_from([SAME, RENAMED]))
def test_a_json_file_is_one_array_with_a_record_a_line(
    part: Path,
    compression: Compression | None,
    written: Pages,
    columns: Columns,
) -> None:
    headers = {column.name: column.header for column in columns}
    text = write(part, [page for page, _ in written], "json", columns=columns, compression=compression)
    expected = [
        {headers[key]: value for key, value in record.items()} for _, records in written for record in records
    ]
    assert exact_json(text) == expected
    if expected:
        lines = text.split("\n")
        assert (lines[0], lines[-2:]) == ("[", ["]", ""])
        assert [exact_json(line.removesuffix(",")) for line in lines[1:-2]] == expected


@settings(deadline=None)
@given(written=pages(NAMES, scalars | nested))
def test_the_quick_count_is_right_or_is_not_given(written: tuple[Page, list[dict[str, object]]]) -> None:
    page, records = written
    assert count_records(page.json) in (len(records), None)
    assert count_records(page.json, exact=True) == len(records)


def test_the_quick_count_is_given_for_the_pages_that_services_write() -> None:
    page: list[dict[str, object]] = [
        {"id": "1", "name": 'The "Old" Bakery, } ]'},
        {"id": "2", "name": None},
        {"name": "no id"},
    ]
    for length in range(4):
        json = COMPACT.page(page[:length]).json
        assert count_records(json) == length
        assert count_records(json + b"\n") == length


def test_a_brace_in_a_string_is_counted_by_parsing() -> None:
    json = b'[{"a":"x},{y"}]'
    assert count_records(json) is None
    assert count_records(json, exact=True) == 1


@pytest.mark.parametrize(
    "garbage", [b"", b"<html>", b'{"a":1}', b"[1", b"[NaN]", b'["\xff"]', b"[" * 100_000]
)
def test_the_exact_count_refuses_what_is_no_array(garbage: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  any; the caller words the error
        count_records(garbage, exact=True)


def test_numbers_keep_every_digit(part: Path) -> None:
    page = Page(b'[{"a":1.10,"b":12345678901234567890123,"first_name":1e-5}]', 1)
    assert write(part, [page], "csv") == "a,b,first_name\n1.10,12345678901234567890123,1e-5\n"
    assert write(part, [page], "ndjson") == page.json[1:-1].decode() + "\n"


@pytest.mark.parametrize("value", ["1.5", "1.0", "-0", "1e2", "9223372036854775808", "true", '"007"', "[1]"])
def test_a_value_of_another_type_than_its_column_comes_out_as_it_was(part: Path, value: str) -> None:
    page = Page(f'[{{"a":{value},"b":true}},{{"a":12,"b":false}}]'.encode(), 2)
    [_, first, second] = read_csv(write(part, [page], "csv", columns=TYPED), ",")
    assert first == [value.strip('"'), "true", None]
    assert second == ["12", "false", None]


def test_nested_values_are_json_in_a_csv(part: Path) -> None:
    page = Page(b'[{"a":{"x":[1.50,"y"]},"b":["p","q"],"first_name":{}}]', 1)
    _, row = read_csv(write(part, [page], "csv"), ",")
    assert row == ['{"x":[1.50,"y"]}', '["p","q"]', "{}"]


def test_missing_and_empty_differ(part: Path) -> None:
    page = Page(b'[{"a":"","b":null},{}]', 2)
    assert write(part, [page], "csv") == 'a,b,first_name\n"",,\n,,\n'
    assert write(part, [page], "ndjson") == '{"a":"","b":null}\n{}\n'


def test_a_null_in_a_file_of_one_column_is_still_a_row(part: Path) -> None:
    one = Columns([Column("a", "a", "text")])
    page = Page(b'[{"a":"x"},{"a":null},{"a":""},{}]', 4)
    assert write(part, [page], "csv", columns=one) == 'a\nx\n""\n""\n""\n'


def test_no_records_make_a_header_or_an_empty_array(part: Path) -> None:
    empty = Page(b"[]", 0)
    for none in ([], [empty], [empty] * 20):
        assert write(part, none, "csv") == "a,b,first_name\n"
        assert write(part, none, "ndjson") == ""
        assert write(part, none, "json") == "[]\n"
        assert write(part, none, "json", compression="gzip") == "[]\n"
        assert write(part, none, "ndjson", compression="zstd") == ""


def test_a_dataset_without_columns_goes_into_json_only(part: Path) -> None:
    page = Page(b'[{},{"a":1}]', 2)
    assert write(part, [page], "ndjson", columns=Columns()) == '{}\n{"a":1}\n'
    for format in (FileFormat("csv"), FileFormat("parquet")):
        with pytest.raises(OutputError, match=r"no columns .* NDJSON"):
            open_writer(part, format=format, columns=Columns(), at=None)


def test_half_a_surrogate_pair_is_replaced_in_csv_and_kept_in_json(part: Path) -> None:
    for half in (b"\\ud83d", b"\\uDE00", b"\\ud83d\\ud83d\\ude00", b"\\\\ud83d\\ude00"):
        page = Page(b'[{"a":"' + half + b'"}]', 1)
        text = json.loads(b'"' + half + b'"')
        expected = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        assert "\ufffd" in expected
        _, row = read_csv(write(part, [page], "csv"), ",")
        assert row == [expected, None, None]
        assert write(part, [page], "ndjson") == page.json[1:-1].decode() + "\n"


def test_a_key_that_is_no_column_is_an_error_in_csv_and_kept_in_ndjson(part: Path) -> None:
    for page in (Page(b'[{"a":"1"},{"a":"x","zz":"y"}]', 2), Page(b'[{"a":"1"},{"zz":"y"}]', 2)):
        with pytest.raises(VerificationError, match=r"record 2 .* found 'zz'"):
            write(part, [page], "csv")
        assert '"zz":"y"' in write(part, [page], "ndjson", columns=RENAMED)


@pytest.mark.parametrize("format", TEXT_FORMATS)
@pytest.mark.parametrize(
    "page",
    [
        Page(b'[{"a":"x"}]', 2),
        Page(b'[{"a":"x"},{"a":"y"}]', 1),
        Page(b'[{"a":"x},{y"}]', 2),
        Page(b'[{"a":"x"},1]', 2),
        Page(b'[{"a":"x"}] []', 1),
        Page(b'[{"a":"x"}', 1),
        Page(b'{"a":"x"}', 1),
        Page(b"<html></html>", 1),
        Page(b'[{"a":"{","b":NaN}]', 1),
        Page(b'[{"a":"{","b":01}]', 1),
        Page(b'[{"a":"{","b":"\x01"}]', 1),
        Page(b'[{"a":"{\xff"}]', 1),
        Page(b'[{"a":"{","b":' + b"[" * 100_000, 1),
    ],
    ids=lambda page: repr(page.json[:20]),
)
def test_a_page_that_is_not_what_it_says_is_an_error(part: Path, page: Page, format: Format) -> None:
    with pytest.raises(VerificationError):
        write(part, [page], format)


def test_columns_come_in_the_datasets_order_under_the_inputs_headers() -> None:
    headers = Columns([Column("First Name", "first_name", "text"), Column("Id", "id", "text")])
    columns = output_columns({"id": "int", "first_name": "text", "status": "text"}, headers)
    assert columns == (
        Column("Id", "id", "int"),
        Column("First Name", "first_name", "text"),
        Column("status", "status", "text"),
    )
    assert output_columns({"id": "int"}, None).identity


@pytest.mark.parametrize(
    "value", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\tx", "\rx", "\nx", "＝1", "\x00="]
)
def test_a_formula_is_guarded_when_asked_for(part: Path, value: str) -> None:
    columns = Columns([Column(value, "a", "text"), Column("b", "b", "text")])
    page = COMPACT.page([{"a": value, "b": "x" + value}])
    assert read_csv(write(part, [page], "csv", columns=columns, csv_safe=True), ",") == [
        ["'" + value, "b"],
        ["'" + value, "x" + value],
    ]
    assert read_csv(write(part, [page], "csv", columns=columns), ",")[1][0] == value


@pytest.mark.parametrize("value", ["-12.5", "+441234567890", "-1e-05", "'quoted", "", "a=b"])
def test_a_plain_number_needs_no_guard(part: Path, value: str) -> None:
    page = COMPACT.page([{"a": value, "b": Raw("-3")}])
    assert read_csv(write(part, [page], "csv", csv_safe=True), ",")[1] == [value, "-3", None]


@settings(deadline=None)
@given(value=texts)
def test_the_guard_changes_nothing_but_what_begins_like_a_formula(part: Path, value: str) -> None:
    [guarded, rest, _] = read_csv(
        write(part, [COMPACT.page([{"a": value, "b": "b"}])], "csv", csv_safe=True), ","
    )[1]
    assert guarded in (value, "'" + value)
    assert rest == "b"
    assert guarded is not None
    assert not guarded.startswith(("=", "@", "\t", "\r"))


@pytest.mark.parametrize("format", [FileFormat("csv"), FileFormat("json", "gzip"), FileFormat("parquet")])
def test_only_the_owner_can_read_what_is_written(tmp_path: Path, format: FileFormat) -> None:
    part = tmp_path / "part"
    part.touch(0o644)
    writer = open_writer(part, format=format, columns=SAME, at=None)
    writer.finish()
    writer.close()
    assert stat.S_IMODE(part.stat().st_mode) == 0o600


def test_compressed_files_say_nothing_of_when_they_were_made(part: Path) -> None:
    write(part, [COMPACT.page([{"a": "x"}])], "csv", compression="gzip")
    assert part.read_bytes()[:10] == b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"


def test_a_frame_is_written_when_its_pages_are_there(tmp_path: Path) -> None:
    page = COMPACT.page([{"a": "x"}])
    writer = open_writer(tmp_path / "part", format=FileFormat("csv", "zstd"), columns=SAME, at=None)
    assert writer.write([page] * 15) == Written(0, 0)
    writer.write([page] * 3)
    after_one = writer.sync()
    assert after_one.pages == 16
    writer.write([page] * 31)
    after_three = writer.sync()
    assert after_three.pages == 48
    assert after_three.length > after_one.length
    writer.close()


def test_a_look_at_a_page_tells_its_length_or_nothing() -> None:
    page = b'[{"a":"1"},{"a":"2"}]'
    assert seems_to_hold(page, 2)
    assert not seems_to_hold(page, 3)
    assert not seems_to_hold(b'[{"a":"{"},{"a":"2"}]', 2)
    assert not seems_to_hold(b"<html>{{</html>", 2)
    assert not seems_to_hold(b"[]", 0)
