"""The compiled loops give what the slower ways give, byte for byte, or say nothing."""

import io
import json

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncclean import native
from asyncclean.files import exact, quick
from asyncclean.files.cells import Cells
from asyncclean.files.columns import Column, Columns
from asyncclean.files.csv_records import RecordSplitter
from asyncclean.files.pages import Page
from tests.files.awkward import COMPACT, pages, texts

if native.csv_to_json is None or native.json_to_csv is None or native.json_records is None:
    pytest.skip("not built: there was no C compiler", allow_module_level=True)
csv_to_json, json_to_csv, json_records = native.csv_to_json, native.json_to_csv, native.json_records

NAMES = ["a", "b", "first_name"]
COLUMNS = Columns(Column(name, name, "text") for name in NAMES)
MEMBERS = (b'{"a":', b',"b":', b',"first_name":')
KEYS = (b'"a"', b'"b"', b'"first_name"')
BYTES = st.lists(
    st.sampled_from(
        [b"a", b",", b",", b'"', b'"', b"\n", b"\r\n", b"\r", b"\\", b"\x00", b"\xc3\xa9", b"\xff"]
    )
    | st.binary(max_size=20),
    max_size=40,
).map(b"".join)


def numbers(packed: bytes) -> list[int]:
    return memoryview(packed).cast("I").tolist()


@given(table=st.lists(st.lists(texts | st.none(), min_size=3, max_size=3), min_size=1, max_size=20))
def test_the_json_of_rows_is_that_of_their_frame(table: list[list[str | None]]) -> None:
    frame = pl.DataFrame(table, schema=dict.fromkeys(NAMES, pl.String), orient="row")
    out = io.BytesIO()
    frame.write_json(out)

    found = csv_to_json(frame.write_csv(include_header=False).encode(), MEMBERS, ord(","))

    if found is None:  # a CR that ends no line
        assert any("\r" in (cell or "") for row in table for cell in row)
        return
    json_rows, ends, breaks, _, _ = found
    assert b"[" + json_rows[:-1] + b"]" == out.getvalue()
    assert [json_rows[end - 2 : end] for end in numbers(ends)] == [b"},"] * len(table)
    in_rows = [sum((cell or "").count("\n") for cell in row) for row in table]
    assert (numbers(breaks) if breaks else [0] * len(table)) == in_rows


@given(data=BYTES, width=st.integers(1, 3))
def test_rows_are_read_by_the_same_rules_as_exactly(data: bytes, width: int) -> None:
    found = csv_to_json(data, MEMBERS[:width], ord(","))
    if found is None:
        return
    json_rows, ends, _, length, lines = found
    splitter = RecordSplitter(b",")
    records = list(splitter.split(data[:length], final=True))
    assert json.loads(b"[" + json_rows[:-1] + b"]") == [
        {
            name: field if field is None else field.decode()
            for name, field in zip(NAMES[:width], record.fields or (), strict=True)
        }
        for record in records
    ]
    assert len(numbers(ends)) == len(records)
    assert (splitter.consumed, splitter.lines) == (length, lines)


@given(written=pages(NAMES), separator=st.sampled_from(",\t;"))
def test_the_rows_of_a_page_are_those_of_its_frame(
    written: tuple[Page, list[dict[str, object]]], separator: str
) -> None:
    page, _ = written
    rows = json_to_csv(page.json, KEYS, ord(separator), page.records)
    frame = Cells(COLUMNS).frame([page])
    if rows is None:  # half of a surrogate pair
        assert b"\\ud800" in page.json
    else:
        assert rows.decode() == frame.write_csv(include_header=False, separator=separator)


@given(
    page=pages(NAMES),
    at=st.integers(0, 400),
    scrap=st.sampled_from([b"", b'"', b"\\", b"0", b" ", b"\xe9", b","]),
)
def test_what_is_taken_is_valid_json(
    page: tuple[Page, list[dict[str, object]]], at: int, scrap: bytes
) -> None:
    whole, _ = page
    at = min(at, len(whole.json) - 1)
    broken = whole.json[:at] + scrap + whole.json[at + 1 :]
    rows = json_to_csv(broken, KEYS, ord(","), whole.records)
    lines = json_records(broken, (), (), b"\n", whole.records)
    if rows is not None:
        records = json.loads(broken)
        assert len(records) == whole.records
        assert len(list(exact.records(broken))) == len(records)
        assert all(record.keys() <= {*NAMES} for record in records)
    if lines is not None:
        assert [json.loads(line) for line in lines.splitlines()] == json.loads(broken)


@pytest.mark.parametrize(
    "page",
    [
        b"",
        b"[",
        b"{}",
        b"[{}",
        b"[{},]",
        b'[{"a":1}] x',
        b'[{"a":1,}]',
        b'[{"a":1,"a":2}]',
        b'[{"c":1}]',
        b'[{"a":[1]}]',
        b'[{"a":{"b":1}}]',
        b'[{"a":01}]',
        b'[{"a":1.}]',
        b'[{"a":.5}]',
        b'[{"a":+1}]',
        b'[{"a":1e}]',
        b'[{"a":NaN}]',
        b'[{"a":nul}]',
        b'[{"a":"\\x"}]',
        b'[{"a":"\\u12g4"}]',
        b'[{"a":"\\ud800"}]',
        b'[{"a":"\\ud800\\u0041"}]',
        b'[{"a":"\\udc00"}]',
        b'[{"a":"\n"}]',
        b'[{"a":"\\',
        b'[{"a":"\\u00',
        b'[{"a":"x\xff"}]',
        b'[{"a":"\xed\xa0\x80"}]',
        b'[{"a":"\xc0\xaf"}]',
        b'[{"a":"\xf4\x90\x80\x80"}]',
        b'[{"a":"\xe2\x82',
        b'[{"a":"x\x00"}]',
        b'[{"a" "x"}]',
        b"[1]",
        b"[{}] ",
    ],
)
def test_of_a_page_that_is_not_plain_nothing_is_said(page: bytes) -> None:
    assert json_to_csv(page, KEYS, ord(","), 2) is None
    assert json_to_csv(page, KEYS, ord(","), 1) is None or json.loads(page) == [{}]


@given(
    written=pages([*NAMES, "c"]),
    separator=st.sampled_from(["\n", ",\n"]),
    keys=st.sampled_from([{}, {"b": "B"}, {"first_name": 'The "first" $0 é', "c": ""}]),
)
def test_the_records_of_a_page_are_cut_and_renamed_as_by_counting(
    written: tuple[Page, list[dict[str, object]]], separator: str, keys: dict[str, str]
) -> None:
    page, _ = written
    names = tuple(f'"{name}"'.encode() for name in keys)
    headers = tuple(exact.json_key(header).encode() for header in keys.values())
    found = json_records(page.json, names, headers, separator.encode(), page.records)
    counted = quick.records([page], separator, keys)
    if found is None:  # a record is on several lines
        assert b"\n" in page.json
        return
    renamed = [
        [(keys.get(key, key), value) for key, value in members] for members in exact.records(page.json)
    ]
    assert list(exact.records(b"[" + found.replace(b"}\n{", b"},{") + b"]")) == renamed
    assert page.records == 0 or counted is None or counted[0] == found


@pytest.mark.parametrize("rows", [b"", b"x,y,z", b"x,y\n", b"\n", b'x,"y\n,z\n', b'x,"y"z,\n', b"x\ry,,\n"])
def test_of_rows_that_are_not_plain_nothing_is_said(rows: bytes) -> None:
    assert csv_to_json(rows, MEMBERS, ord(",")) is None


def test_the_beginning_of_a_row_is_left_for_the_next_time() -> None:
    for rest in (b"7", b"7,", b'7,"', b'7,"8"', b'7,"8",9', b"7,8,9\r"):
        found = csv_to_json(b"1,2,3\r\n" + rest, MEMBERS, ord(","))
        assert found == (b'{"a":"1","b":"2","first_name":"3"},', b"\x23\0\0\0", None, 7, 1), rest


def test_a_cell_grows_as_far_as_it_must() -> None:
    cell = b"\x01" * 100_000
    found = csv_to_json(cell + b",,\n", MEMBERS, ord(","))
    assert found is not None
    assert json.loads(found[0][:-1])["a"] == cell.decode()
    page = COMPACT.page([{"a": '"' * 100_000}])
    assert json_to_csv(page.json, KEYS, ord(","), 1) == b'"' + b'""' * 100_000 + b'",,\n'


@pytest.mark.parametrize("names", [("a",), [b"a"]])
def test_names_must_be_bytes(names: object) -> None:
    with pytest.raises(TypeError):
        csv_to_json(b"", names, 44)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        json_to_csv(b"", names, 44, 0)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        json_records(b"", names, (), b"", 0)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="as many"):
        json_records(b"", (b"a",), (), b"", 0)
