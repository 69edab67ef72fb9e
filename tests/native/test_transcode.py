"""The compiled loops give what the slower ways give, byte for byte, or say nothing."""

import io
import json
from collections.abc import Mapping, Set

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asyncclean import native
from asyncclean.files import exact, quick
from asyncclean.files.cells import Cells
from asyncclean.files.columns import Column, Columns
from asyncclean.files.csv_records import RecordSplitter
from asyncclean.files.json_lines import array
from asyncclean.files.json_shape import Shape
from asyncclean.files.json_values import ValueKind
from asyncclean.files.pages import Page
from asyncclean.files.write_csv import csv_layout
from tests.files.awkward import COMPACT, pages, scalars, texts

if (
    native.csv_to_json is None
    or native.json_to_csv is None
    or native.json_records is None
    or native.json_proves is None
):
    pytest.skip("not built: there was no C compiler", allow_module_level=True)
csv_to_json, json_to_csv = native.csv_to_json, native.json_to_csv
json_records, json_proves = native.json_records, native.json_proves

NAMES = ["a", "b", "first_name"]
COLUMNS = Columns(Column(name, name, "text") for name in NAMES)
MEMBERS = (b'{"a":', b',"b":', b',"first_name":')
KEYS = (b'"a"', b'"b"', b'"first_name"')
NEARLY_NUMBER = r"[=+\-@＝]?[0-9]{0,2}\.?[0-9]{0,2}(?:[eE][+-]?)?[0-9]{0,2}"
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


@given(
    written=pages(NAMES, scalars | st.from_regex(NEARLY_NUMBER, fullmatch=True)),
    separator=st.sampled_from(",\t;"),
    safe=st.booleans(),
)
def test_the_rows_of_a_page_are_those_of_its_frame(
    written: tuple[Page, list[dict[str, object]]], separator: str, safe: bool
) -> None:
    page, _ = written
    rows = json_to_csv(page.json, KEYS, ord(separator), page.records, safe)
    if rows is None:  # half of a surrogate pair
        assert b"\\ud800" in page.json
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(native, "json_to_csv", None)
        by_frame = csv_layout(COLUMNS, separator=separator, safe=safe).render([page])
    assert rows == b"".join(by_frame)


@given(written=pages(NAMES))
def test_a_frame_is_the_same_by_way_of_rows(written: tuple[Page, list[dict[str, object]]]) -> None:
    cells = Cells(COLUMNS)
    by_rows = cells.frame([written[0]])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(native, "json_to_csv", None)
        assert by_rows.equals(cells.frame([written[0]]))


@pytest.mark.parametrize(
    "begin", ["", "=", "+", "-", "@", "\t", "\r", "\n", "\x00", "＝", "＋", "－", "＠", "！", "ｱ"]
)
@pytest.mark.parametrize(
    "rest", ["", "1", "007", "1.5", "1.", ".5", "1e5", "1E-5", "1e", "1e+", "1.5x", "x,y", '"']
)
def test_a_cell_is_guarded_as_in_a_frame(begin: str, rest: str) -> None:
    page = COMPACT.page([{"a": begin + rest}])
    rows = json_to_csv(page.json, KEYS, ord(","), 1, True)
    assert rows is not None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(native, "json_to_csv", None)
        assert rows == b"".join(csv_layout(COLUMNS, separator=",", safe=True).render([page]))


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
    rows = json_to_csv(broken, KEYS, ord(","), whole.records, False)
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
    assert json_to_csv(page, KEYS, ord(","), 2, False) is None
    assert json_to_csv(page, KEYS, ord(","), 1, False) is None or json.loads(page) == [{}]


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
    assert json_records(page.json, names, headers, separator.encode(), -1) == found
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
    for rest in (b"7", b"7,", b'7,"', b'7,"8"', b'7,"8",9', b"7,8,9\r", b"\r", b"\xc3", b'7,"\xe2\x82'):
        found = csv_to_json(b"1,2,3\r\n" + rest, MEMBERS, ord(","))
        json_rows = bytearray(b'{"a":"1","b":"2","first_name":"3"},')
        assert found == (json_rows, b"\x23\0\0\0", None, 7, 1), rest


@pytest.mark.parametrize("parts", [(), (b"",), (b"1",), (b"1,2", b"3"), (b"1", bytearray(b"2"), b"3,4" * 9)])
def test_parts_become_one_array(parts: tuple[bytes, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    views = tuple(memoryview(b"#" + part + b"#")[1:-1] for part in parts)
    found = array(views)
    assert found == b"[" + b",".join(parts) + b"]"
    monkeypatch.setattr(native, "json_array", None)
    assert array(views) == found


def test_a_part_that_is_no_bytes_is_refused() -> None:
    assert native.json_array is not None
    with pytest.raises(TypeError, match="bytes-like"):
        native.json_array(memoryview(b"1"), "2")


def test_a_cell_grows_as_far_as_it_must() -> None:
    cell = b"\x01" * 100_000
    found = csv_to_json(cell + b",,\n", MEMBERS, ord(","))
    assert found is not None
    assert json.loads(found[0][:-1])["a"] == cell.decode()
    page = COMPACT.page([{"a": '"' * 100_000}])
    assert json_to_csv(page.json, KEYS, ord(","), 1, False) == b'"' + b'""' * 100_000 + b'",,\n'


VALUE_KINDS: list[ValueKind] = ["text", "int", "long", "decimal", "bool", "number"]
TEXTS = ['""', '"x"', '"é"', r'"\n\u00e9"', r'"\ud83d\ude00"', r'"\ud83d"', r'"\ude00"', r'"\x"']
VALUES = [
    *TEXTS,
    "null", "true", "false", "NaN", "[]", "{}",
    "0", "-0", "01", "-7", "1" * 15, "1" * 16, "-" + "1" * 18, "1" * 19, "1.5", "-0.0", "123." + "1" * 12,
    "1234." + "1" * 6, "1234." + "1" * 7, "1234567890.5", "1e5", "1.5E-3", "1.", "-",
]  # fmt: skip
PARTS = ["{", "}", ",", ":", " ", "\t", "\r", "\n", '"a"', '"b"', '"first_name"', '"c"', '"']


@st.composite
def lines_of_json(draw: st.DrawFn) -> bytes:
    """Lines of objects that may lack keys, have others, or be broken."""
    lines = []
    for _ in range(draw(st.integers(0, 3))):
        some = st.lists(st.sampled_from([*NAMES, "c"]), unique=True, max_size=4)
        keys = draw(st.just(NAMES) | some.map(sorted) | some)
        space = draw(st.sampled_from(["", "", " ", "\t", "\r"]))
        members = [f'"{key}"{space}:{space}{draw(st.sampled_from(VALUES))}' for key in keys]
        lines.append(f"{space}{{{space}{f'{space},{space}'.join(members)}{space}}}{space}\n")
    text = "".join(lines)
    if draw(st.integers(0, 3)) == 0:
        at = draw(st.integers(0, len(text)))
        text = text[:at] + draw(st.sampled_from(PARTS)) + text[at + draw(st.integers(0, 2)) :]
    return text.encode() + (b"" if text.endswith("\n") or not text else b"\n")


def proven(lines: bytes, keys: Mapping[str, Set[ValueKind]], *, whole: bool) -> bool:
    """What the compiled code says, which is what the regular expressions say."""
    shape = Shape(keys, whole=whole)
    compiled = shape.proves(lines)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(native, "json_proves", None)
        assert shape.proves(lines) == compiled, lines
    return compiled


@given(
    lines=lines_of_json(),
    kinds=st.lists(st.sets(st.sampled_from(VALUE_KINDS), min_size=2), min_size=3, max_size=3),
    whole=st.booleans(),
)
@settings(max_examples=200)
def test_lines_are_proven_as_by_the_regular_expressions(
    lines: bytes, kinds: list[set[ValueKind]], whole: bool
) -> None:
    proven(lines, dict(zip(NAMES, kinds, strict=True)), whole=whole)


@pytest.mark.parametrize("value", VALUES)
def test_a_value_is_of_the_kinds_that_it_is_of_for_the_regular_expressions(value: str) -> None:
    line = f'{{"a":{value}}}\n'.encode()
    kinds = {kind for kind in VALUE_KINDS if proven(line, {"a": {kind}}, whole=True)}
    everything = value == "null"
    assert kinds == set(VALUE_KINDS) if everything else len(kinds) <= 1


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize(
    "line",
    [
        "{}",
        '{"a":1,}',
        '{,"a":1}',
        '{"a":1,"b":2}',
        '{"b":2,"a":1}',
        '{"a":1,"a":1}',
        '{"a":1}}',
        '{"a":1',
        "",
        "x",
    ],
)
def test_a_line_has_the_form_that_it_has_for_the_regular_expressions(line: str, whole: bool) -> None:
    found = proven(line.encode() + b"\n", {"a": {"int"}, "b": {"int"}}, whole=whole)
    assert found == (line == '{"a":1,"b":2}' or (line == "{}" and not whole))


@given(data=BYTES)
def test_line_ends_are_found(data: bytes) -> None:
    assert native.line_ends is not None
    found = native.line_ends(data)
    assert found is not None
    assert numbers(found) == [at + 1 for at, byte in enumerate(data) if byte == 0x0A]


@pytest.mark.parametrize("names", [("a",), [b"a"]])
def test_names_must_be_bytes(names: object) -> None:
    with pytest.raises(TypeError):
        csv_to_json(b"", names, 44)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        json_to_csv(b"", names, 44, 0, False)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        json_records(b"", names, (), b"", 0)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="as many"):
        json_proves(b"", (b"a",), b"", True)
    with pytest.raises(ValueError, match="as many"):
        json_records(b"", (b"a",), (), b"", 0)
