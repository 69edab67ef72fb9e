"""What becomes of JSON that is not as it should be, and what kinds its columns have."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from asyncclean.errors import InputError, UsageError
from asyncclean.files.blocks import Reject
from asyncclean.files.json_survey import Survey
from asyncclean.files.source import open_source
from tests.files.reading import read

pytestmark = pytest.mark.usefixtures("both_ways")

Write = Callable[[str, str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def to_file(text: str, name: str) -> Path:
        path = tmp_path / name
        path.write_bytes(text.encode("utf-8", "surrogateescape"))
        return path

    return to_file


DEEP = '{"a":' * 100_000

BAD_LINES = [
    ('{"a":1', "malformed JSON at character 7: expecting ',' delimiter."),
    ('{"a":1} {"a":2}', "malformed JSON at character 9: extra data."),
    ('{"a":tru}', "malformed JSON at character 6: expecting value."),
    ("[1]", "is not an object with the columns as its keys."),
    ("7", "is not an object with the columns as its keys."),
    ('{"a":{"b":1}}', "column 'a': holds an object; a column holds single values."),
    ('{"a":[]}', "column 'a': holds an array; a column holds single values."),
    ('{"a":1,"a":1}', "column 'a': the key is there twice."),
    ('{"a":NaN}', "column 'a': NaN is not JSON."),
    ('{"a":-Infinity}', "column 'a': -Infinity is not JSON."),
    ('{"a":"\\udc00"}', "column 'a': holds half of a surrogate pair, which is no character."),
    ('{"a":"\udcff"}', "byte 0xff is not UTF-8."),
    (
        DEEP,
        "the value is nested too deeply. Of its 500,000 characters the first 100,000 are kept here.",
    ),
]


@pytest.mark.parametrize(("line", "reason"), BAD_LINES, ids=range(len(BAD_LINES)))
def test_a_bad_line_is_set_aside_or_stops_the_reading(write: Write, line: str, reason: str) -> None:
    path = write(f'{{"a":1}}\n{line}\n\n{{"a":2}}\n', "a.ndjson")
    reading = read(open_source(path, keep_rejects=True))
    assert reading.records == [{"a": 1}, {"a": 2}]
    assert reading.lines == [1, 4]
    assert [(reject.line, reject.reason) for reject in reading.rejects] == [(2, reason)]
    assert (
        reading.rejects[0].record[:20]
        == line.encode("utf-8", "surrogateescape").decode(errors="backslashreplace")[:20]
    )
    with pytest.raises(InputError) as error:
        open_source(path)
    assert error.value.line == 2
    assert error.value.reason in reason


BAD_ARRAYS = [
    ("", "is empty"),
    (" \n ", "is empty"),
    ("[]", "holds no record with a key"),
    ("[{}]", "holds no record with a key"),
    ('{"a":1}\n{"a":2}\n', r"line 1: is one object: a JSON file must be an array .*--format ndjson"),
    ("7", "line 1: does not begin with \\[: a JSON file must be an array"),
    ('[\n{"a":1}\n{"a":2}]', "line 3: malformed JSON at character 1: expecting a comma or \\]"),
    ('[{"a":1},\n]', "line 2: malformed JSON at character 1: expecting value"),
    ('[\n{"a" 1}]', "line 2: malformed JSON at character 6: expecting ':' delimiter"),
    ('[\n{"a":1},', "line 2: malformed JSON at character 9: the array does not end"),
    ('[\n{"a":"x', "line 2: malformed JSON at character 1: the file ends within this value"),
    ('[{"a":1}]\n\n[]', "line 3: malformed JSON: something stands behind the array"),
    ("[" * 100_000, "line 1: a value is nested too deeply"),
    ('[{"a":"\udcff"}]', "line 1: byte 0xff is not UTF-8.*--encoding"),
    ('[{"":1}]', "column 1 of 1 has no header"),
]


@pytest.mark.parametrize(("text", "said"), BAD_ARRAYS, ids=range(len(BAD_ARRAYS)))
def test_what_is_no_array_of_records_is_refused(write: Write, text: str, said: str) -> None:
    path = write(text, "a.json")
    for keep_rejects in (False, True):
        with pytest.raises(InputError, match=said):
            open_source(path, keep_rejects=keep_rejects)


def test_a_bad_record_of_an_array_is_set_aside(write: Write) -> None:
    path = write('[{"a":1},\n 5, {"a":\n[]},\n{"a":"},{"}]', "a.json")
    reading = read(open_source(path, keep_rejects=True))
    assert reading.records == [{"a": "1"}, {"a": "},{"}]
    assert reading.lines == [1, 4]
    assert reading.rejects == [
        Reject(2, "is not an object with the columns as its keys.", "5"),
        Reject(2, "column 'a': holds an array; a column holds single values.", '{"a":\t[]}'),
    ]


@pytest.mark.parametrize(
    "separators", [(",", ":"), (", ", ": "), (" ,\n", ":")], ids=["compact", "usual", "one a line"]
)
def test_what_looks_like_the_end_of_a_record_may_stand_in_a_text(
    write: Write, separators: tuple[str, str]
) -> None:
    parting = "}" + separators[0] + "{"
    records = [{"a": f"{number}" + parting.replace("\n", "") * (number % 3 == 2)} for number in range(50)]
    for first in range(3):
        path = write(json.dumps(records[first:], separators=separators), "a.json")
        assert read(open_source(path)).records == records[first:]


def test_lines_are_right_where_separators_differ(write: Write) -> None:
    for text, lines in (
        ('[{"a":1},\n{"a":2},\t{"a":3},\n{"a":\n4}]', [1, 2, 2, 3]),
        ('[{"a":1},\n{"a":2}\n,{"a":3},\n{"a":4}]', [1, 2, 3, 4]),
    ):
        reading = read(open_source(write(text, "a.json")))
        assert [record["a"] for record in reading.records] == [1, 2, 3, 4]
        assert reading.lines == lines


KINDS: list[tuple[str, str, list[object]]] = [
    ("1, 2, null", "int", [1, 2, None]),
    ("9223372036854775807", "int", [2**63 - 1]),
    ("1, 2.5", "decimal", [1, 2.5]),
    ("1e2, -0.5", "decimal", [100.0, -0.5]),
    ("true, null", "bool", [True, None]),
    ("null", "text", [None]),
    ('"1"', "text", ["1"]),
    ('"x", 1.50, true', "text", ["x", "1.50", "true"]),
    ("1, true", "text", ["1", "true"]),
    ("9223372036854775808", "text", ["9223372036854775808"]),
    ("1234567890123456, 12345678901234567890", "text", ["1234567890123456", "12345678901234567890"]),
    ("1234567890123456789, 0.5", "text", ["1234567890123456789", "0.5"]),
    ("0.12345678901234567890123", "text", ["0.12345678901234567890123"]),
    ("1e999", "text", ["1e999"]),
]


@pytest.mark.parametrize(("values", "kind", "given"), KINDS, ids=[values for values, *_ in KINDS])
def test_the_kind_of_a_column_follows_from_all_of_its_values(
    write: Write, values: str, kind: str, given: list[object]
) -> None:
    lines = "".join(f'{{"a":{value}}}\n' for value in values.split(", "))
    # The last ones are far from the first ones, which are looked at closely.
    first, nulls = lines.splitlines(keepends=True)[0], '{"a":null}\n'
    for text in (lines, nulls * 2000 + lines, first * 2000 + lines):
        source = open_source(write(text, "a.ndjson"))
        assert source.columns.kinds() == {"a": kind}
        assert [record["a"] for record in read(source).records][-len(given) :] == given


def test_keys_are_columns_in_order_of_their_first_appearance(write: Write) -> None:
    text = '{"b":1}\n' * 2000 + '{"a":1,"b":1}\n{"First Name":"x"}\n'
    source = open_source(write(text, "a.ndjson"))
    assert [(column.header, column.name) for column in source.columns] == [
        ("b", "b"),
        ("a", "a"),
        ("First Name", "first_name"),
    ]
    assert read(source).records[-2:] == [
        {"b": 1, "a": 1, "first_name": None},
        {"b": None, "a": None, "first_name": "x"},
    ]


def test_records_under_their_own_keys_go_up_as_they_are_written(write: Write) -> None:
    lines = ['{"a": 1.50,  "b":"\\u00e9"}', '{"b":null}', '{"b":"x","a":2}']
    reading = read(open_source(write("\r\n".join(lines), "a.ndjson")))
    assert reading.blocks[0].json == ("[" + ",".join(lines) + "]").encode()


def test_types_asked_for_are_cast_strictly(write: Write) -> None:
    path = write('{"a":"007","b":1}\n{"a":"x","b":2}\n{"a":null,"b":null}\n', "a.ndjson")
    source = open_source(path, types={"a": "int", "b": "text"}, keep_rejects=True)
    assert source.columns.kinds() == {"a": "int", "b": "text"}
    reading = read(source)
    assert reading.records == [{"a": 7, "b": "1"}, {"a": None, "b": None}]
    assert reading.lines == [1, 3]
    assert [(reject.line, reject.reason) for reject in reading.rejects] == [
        (2, "column 'a': 'x' is not a whole number within 64 bits.")
    ]
    with pytest.raises(UsageError, match="no column 'c'"):
        open_source(path, types={"c": "int"})


def test_records_of_one_shape_are_not_parsed(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at: list[int] = []
    learn = Survey._learn

    def counted(survey: Survey, *args: object) -> object:
        looked_at.append(len(args[2]))  # type: ignore[arg-type]
        return learn(survey, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(Survey, "_learn", counted)
    records = [{"id": f"{number:08}", "n": number, "é": None} for number in range(20_000)]
    for text, name in (
        (json.dumps(records, ensure_ascii=False), "a.json"),
        ("".join(json.dumps(record) + "\n" for record in records), "a.ndjson"),
    ):
        looked_at.clear()
        assert len(read(open_source(write(text, name))).records) == 20_000
        assert sum(looked_at) < 200


def test_mended_records_are_read_as_they_are_written(write: Write) -> None:
    lines = [
        '{"file":"a","line":3,"reason":"r","record":{"n":1.10,"big":123456789012345678901234567890}}',
        '{"record" : {"n": 1e2, "big": "\\u00e9 } ]"} , "line": 9}',
        '{"record":{"n":1,"n":2}}',
        '{"record":"text"}',
        '{"line":1}',
        "[1]",
        '{"record":{}},{"record":{}}',
    ]
    reading = read(open_source(write("\n".join(lines) + "\n", "a.ndjson"), keep_rejects=True, mended=True))
    assert reading.records == [
        {"n": 1.1, "big": "123456789012345678901234567890"},
        {"n": 100, "big": "\u00e9 } ]"},
    ]
    assert b'{"n":1.1,' in reading.blocks[0].json
    assert [reject.line for reject in reading.rejects] == [3, 4, 5, 6, 7]
    assert reading.rejects[0].reason == "column 'n': the key is there twice."
