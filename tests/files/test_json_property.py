"""Any records, written as NDJSON or a JSON array in any way and cut at any place, come out as they were."""

import contextlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asyncclean.errors import InputError
from asyncclean.files.formats import FileFormat
from asyncclean.files.json_array import Array
from asyncclean.files.json_source import JsonSource
from asyncclean.files.ndjson import Lines
from asyncclean.kinds import ALL_KINDS, ColumnKind
from tests.files.reading import assert_resumable, read, slices_of

pytestmark = pytest.mark.usefixtures("both_ways")

Record = Mapping[str, Any]

_PIECES = [
    "a",
    '"',
    "\\",
    ",",
    "\n",
    "\r",
    " ",
    "é",
    "😀",
    "\u2028",
    "\x00",
    "\x7f",
    "},{",
    "},\n{",
    "{",
    "}",
    "[",
    "]",
    '":"',
]
TEXTS = st.lists(st.sampled_from(_PIECES), max_size=5).map("".join)
INTS = st.integers(-(2**63), 2**63 - 1) | st.integers(-9, 9)
FLOATS = st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([0.5, -1.25, 1e22, 1e-7])
VALUES = [TEXTS, INTS, FLOATS, st.booleans(), TEXTS | INTS | FLOATS | st.booleans()]
CHUNKS = st.sampled_from([1, 7, 20, 64, 300, 5000])


@st.composite
def tables(draw: st.DrawFn) -> list[Record]:
    """Records with the same keys, most of the time, in the same order, and values by column."""
    names = st.sampled_from(["a", "b_1", "First Name", "é", '"q', "}", "Z"])
    keys = draw(st.lists(names, min_size=1, max_size=4, unique=True))
    kinds = {key: draw(st.sampled_from(VALUES)) for key in keys}
    nulls, missing = draw(st.booleans()), draw(st.booleans())
    records: list[Record] = []
    for _ in range(draw(st.integers(1, 12))):
        record: dict[str, Any] = {
            key: draw(st.none() | kind if nulls else kind) for key, kind in kinds.items()
        }
        if missing and draw(st.booleans()):
            del record[draw(st.sampled_from(keys))]
        records.append(record)
    return records if any(records) else [*records, {"a": 1}]


WRITERS: list[Callable[[list[Record], bool], str]] = [
    lambda records, plain: json.dumps(records, ensure_ascii=plain),
    lambda records, plain: json.dumps(records, ensure_ascii=plain, separators=(",", ":")),
    lambda records, plain: "\ufeff" + json.dumps(records, ensure_ascii=plain, indent=2) + "\r\n",
    lambda records, plain: "[\n" + ",\n".join(json.dumps(record) for record in records) + "\n]\n",
    lambda records, plain: " [ " + " ,\t".join(json.dumps(record) for record in records) + "]",
]
LINE_WRITERS: list[Callable[[list[Record], bool], str]] = [
    lambda records, plain: "\n".join(json.dumps(record, ensure_ascii=plain) for record in records),
    lambda records, plain: "\ufeff" + "".join(json.dumps(record) + "\r\n" for record in records),
    lambda records, plain: "".join(
        json.dumps(record, ensure_ascii=plain, separators=(",", ":")) + "\n" for record in records
    ),
    lambda records, plain: "\n".join(f" {json.dumps(record)}\t\n \r\n" for record in records),
]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("json") / "records"


def source(
    path: Path,
    chunk: int,
    *,
    lines: bool,
    keep_rejects: bool = False,
    types: Mapping[str, ColumnKind] = {},
    allowed: frozenset[ColumnKind] = ALL_KINDS,
) -> JsonSource:
    return JsonSource(
        path,
        FileFormat("ndjson" if lines else "json"),
        Lines() if lines else Array(),
        size=path.stat().st_size,
        encoding="utf-8",
        types=types,
        allowed=allowed,
        keep_rejects=keep_rejects,
        on_read=lambda bytes_read: None,
        chunk=chunk,
    )


def expected(records: list[Record], kinds: Mapping[str, ColumnKind]) -> list[Record]:
    """Values other than texts are texts in columns of text, as they were written; null is as if missing."""

    def as_text(value: Any) -> str:
        return value if isinstance(value, str) else json.dumps(value)

    return [
        {
            key: as_text(value) if kinds[key] == "text" else value
            for key, value in record.items()
            if value is not None
        }
        for record in records
    ]


def got(json_source: JsonSource) -> list[Record]:
    headers = {column.name: column.header for column in json_source.columns}
    return [
        {headers[name]: value for name, value in record.items() if value is not None}
        for record in read(json_source).records
    ]


def by_header(json_source: JsonSource) -> dict[str, ColumnKind]:
    return {column.header: column.kind for column in json_source.columns}


@given(records=tables(), data=st.data(), lines=st.booleans(), plain=st.booleans(), chunk=CHUNKS)
@settings(max_examples=150, deadline=None)
def test_records_come_out_as_they_were_written(
    path: Path, records: list[Record], data: st.DataObject, lines: bool, plain: bool, chunk: int
) -> None:
    text = data.draw(st.sampled_from(LINE_WRITERS if lines else WRITERS))(records, plain)
    path.write_bytes(text.encode())
    json_source = source(path, chunk, lines=lines)
    keys = list(dict.fromkeys(key for record in records for key in record))
    assert [column.header for column in json_source.columns] == keys
    assert got(json_source) == expected(records, by_header(json_source))


@given(records=tables(), data=st.data(), lines=st.booleans(), chunk=CHUNKS, slices=st.integers(1, 4))
@settings(max_examples=80, deadline=None)
def test_reading_can_go_on_behind_any_block(
    path: Path, records: list[Record], data: st.DataObject, lines: bool, chunk: int, slices: int
) -> None:
    text = data.draw(st.sampled_from(LINE_WRITERS if lines else WRITERS))(records, True)
    path.write_bytes(text.encode())
    with slices_of(slices):
        assert_resumable(source(path, chunk, lines=lines))


@given(records=tables(), data=st.data(), lines=st.booleans(), chunk=CHUNKS)
@settings(max_examples=80, deadline=None)
def test_all_kinds_can_be_had_as_text(
    path: Path, records: list[Record], data: st.DataObject, lines: bool, chunk: int
) -> None:
    text = data.draw(st.sampled_from(LINE_WRITERS if lines else WRITERS))(records, True)
    path.write_bytes(text.encode())
    json_source = source(path, chunk, lines=lines, allowed=frozenset({"text"}))
    kinds = by_header(json_source)
    assert set(kinds.values()) == {"text"}
    assert got(json_source) == expected(records, kinds)


_GOOD = ['{"a":"x"}', '{"a":null}', '{"a":"},{"}', '{ "a" : "y" }', '{"A":"x","a":"é"}', "{}"]
_BAD = [
    "",
    "{",
    "1",
    "[]",
    "null",
    '{"a":{}}',
    '{"a":[1]}',
    '{"a":NaN}',
    '{"a":"\\ud800"}',
    '{"a":1,"a":2}',
    '{"a":"\t"}',
]
_LINES = st.sampled_from(_GOOD) | st.sampled_from(_BAD)


@given(lines=st.lists(_LINES, max_size=15), chunk=CHUNKS, slices=st.integers(1, 3))
@settings(max_examples=80, deadline=None)
def test_every_line_is_a_record_or_a_reject(path: Path, lines: list[str], chunk: int, slices: int) -> None:
    path.write_text("".join(line + "\n" for line in ['{"a":"first"}', *lines]), newline="")
    with slices_of(slices):
        json_source = source(path, chunk, lines=True, keep_rejects=True)
        reading = read(json_source)
        assert_resumable(json_source)
    numbered = list(enumerate(lines, 2))
    assert reading.lines == [1, *(number for number, line in numbered if line in _GOOD)]
    assert [reject.line for reject in reading.rejects] == [
        number for number, line in numbered if line in _BAD and line
    ]
    assert len(reading.records) == len(reading.lines)


_SCRAPS = [
    '{"a":"x"}',
    '{"a":1}',
    '"',
    "a",
    ":",
    ",",
    ",",
    "{",
    "}",
    "[",
    "]",
    "\n",
    " ",
    "\\",
    "1",
    "é",
    "null",
    "tru",
    "\ufeff",
]
_BYTES = st.lists(st.sampled_from(_SCRAPS), max_size=20).map(
    lambda scraps: "".join(scraps).encode()
) | st.binary(max_size=20)


@given(body=_BYTES, chunk=CHUNKS)
@settings(max_examples=150, deadline=None)
def test_any_bytes_are_an_array_of_records_or_an_input_error(path: Path, body: bytes, chunk: int) -> None:
    document = b"[" + body
    path.write_bytes(document)
    try:
        reading = read(source(path, chunk, lines=False, keep_rejects=True))
    except InputError:
        with contextlib.suppress(ValueError):
            # What is an array of records after all holds none with a key, or keys that are no headers.
            values = json.loads(document)
            assert not any(isinstance(value, dict) and any(value) for value in values)
        return
    assert len(reading.records) + len(reading.rejects) == len(json.loads(document))


@given(body=_BYTES, lines=st.booleans(), chunk=CHUNKS)
@settings(max_examples=80, deadline=None)
def test_any_bytes_are_read_or_an_input_error(path: Path, body: bytes, lines: bool, chunk: int) -> None:
    path.write_bytes(body)
    with contextlib.suppress(InputError):
        reading = read(source(path, chunk, lines=lines, keep_rejects=True))
        if lines:
            given_lines = [
                line for line in body.removeprefix(b"\xef\xbb\xbf").split(b"\n") if line.strip(b" \t\r")
            ]
            assert len(reading.records) + len(reading.rejects) == len(given_lines)
