"""What becomes of rows that are not as they should be, of odd files, and of types asked for."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from asyncclean.errors import InputError, UsageError
from asyncclean.files.blocks import Reject
from asyncclean.files.csv import CsvSource
from asyncclean.files.formats import FileFormat
from asyncclean.files.source import Source, open_source
from asyncclean.kinds import ALL_KINDS
from tests.files.reading import read

pytestmark = pytest.mark.usefixtures("both_ways")

Write = Callable[[bytes], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def to_file(content: bytes, name: str = "a.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return to_file


def rejecting(path: Path, **options: object) -> Source:
    return open_source(path, keep_rejects=True, **options)  # type: ignore[arg-type]


def test_a_row_of_another_length_stops_the_reading_with_line_and_figures(write: Write) -> None:
    path = write(b"a,b\n1,2\n\n1,2,3\n")
    with pytest.raises(InputError, match=r"line 4: the row is longer .* 3 fields instead of 2.*--rejects"):
        read(open_source(path))
    path = write(b'a,b\n"1\n2",2\n1\n')
    with pytest.raises(InputError, match=r"line 4: the row is shorter .* 1 field instead of 2"):
        read(open_source(path))


def test_bad_rows_are_set_aside_with_line_reason_and_text(write: Write) -> None:
    path = write(b'a,b\n1,2\n"x"\n3,\xff\n4,5\n6,"7\n8,9\n')
    reading = read(rejecting(path))
    assert reading.rows == [["1", "2"], ["4", "5"], ["8", "9"]]
    assert reading.lines == [2, 5, 7]
    assert reading.rejects == [
        Reject(3, "the row is shorter than the header: 1 field instead of 2.", '{"a":"x"}'),
        Reject(4, "column 'b': byte 0xff is not UTF-8.", r'{"a":"3","b":"\\xff"}'),
        Reject(6, "a quote that opens a field on line 6 is never closed.", '6,"7'),
    ]


def test_a_bad_record_that_is_too_long_to_be_kept_whole_says_so(write: Write) -> None:
    path = write(b"a,b\n" + b"x" * 200_000 + b"\n1,2\n")
    (reject,) = read(rejecting(path)).rejects
    assert len(reject.record) == 100_000
    assert reject.reason.endswith("Of its 200,008 characters the first 100,000 are kept here.")


@pytest.mark.parametrize("width", [3_000, 6_000])
def test_a_file_may_have_more_columns_than_an_automaton_takes(write: Write, width: int) -> None:
    header = ",".join(f"c{number}" for number in range(width))
    row = ",".join(['"a,b"', "", '""'] * (width // 3))
    good = ["a,b", None, ""] * (width // 3)
    assert read(open_source(write(f"{header}\n{row}\n{row}\n".encode()))).rows == [good, good]
    reading = read(rejecting(write(f"{header}\n{row}\n{row},\n{row}\n".encode())))
    assert reading.rows == [good, good]
    assert [reject.line for reject in reading.rejects] == [3]


def test_a_quote_that_is_never_closed_costs_its_own_line_only(write: Write) -> None:
    path = write(b'a,b\n"1\n2","3\n4,5\n6,7\n')
    reading = read(rejecting(path))
    assert reading.rows == [["4", "5"], ["6", "7"]]
    assert reading.rejects == [
        Reject(2, "a quote that opens a field on line 3 is never closed.", '"1\n2","3'),
    ]


def test_a_stray_quote_shifts_nothing_in_a_file_of_many_windows(write: Write) -> None:
    rows = [f'{number},5" pipe' if number == 3_000 else f'{number},"a\nb"' for number in range(20_000)]
    path = write(("n,text\n" + "\n".join(rows) + "\n").encode())
    source = CsvSource(
        path,
        FileFormat("csv"),
        size=0,
        encoding="utf-8",
        types={},
        allowed=ALL_KINDS,
        keep_rejects=False,
        chunk=10_000,
    )
    reading = read(source)
    assert [row[0] for row in reading.rows] == [str(number) for number in range(20_000)]
    assert reading.rows[3_000] == ["3000", '5" pipe']
    assert reading.rows[3_001] == ["3001", "a\nb"]


def test_a_quote_never_closed_does_not_take_the_whole_of_a_large_file_into_memory(write: Write) -> None:
    path = write(b'a,b\n1,"2\n' + b"3,4\n" * 10_000)
    source = CsvSource(
        path,
        FileFormat("csv"),
        size=0,
        encoding="utf-8",
        types={},
        allowed=ALL_KINDS,
        keep_rejects=True,
        chunk=1000,
        longest=9000,
    )
    with pytest.raises(InputError, match=r"line 2: a record that starts here does not end within .*quote"):
        read(source)


def test_a_field_of_many_megabytes_is_read(write: Write) -> None:
    long = 'x"y\n' * (2 << 20)
    path = write(b'a,b\n1,"' + long.replace('"', '""').encode() + b'"\n3,4\n')
    reading = read(open_source(path))
    assert reading.rows == [["1", long], ["3", "4"]]
    assert [block.records for block in reading.blocks] == [1, 1]


def test_empty_and_missing_are_told_apart(write: Write) -> None:
    reading = read(open_source(write(b'a,b\n,""\n"",\n')))
    assert reading.rows == [[None, ""], ["", None]]


def test_blank_lines_are_no_records(write: Write) -> None:
    assert read(open_source(write(b'\r\na\n\n1\r\n\r\n""\n\n'))).rows == [["1"], [""]]


def test_a_header_alone_is_a_source_of_no_records(write: Write) -> None:
    for content in (b"a,b", b"a,b\n", b"\xef\xbb\xbfa,b\r\n\r\n"):
        source = open_source(write(content))
        assert [column.name for column in source.columns] == ["a", "b"]
        assert read(source).records == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty: there is no header"),
        (b"\xef\xbb\xbf", "is empty: there is no header"),
        (b"\n\r\n\n", "nothing but blank lines"),
        (b"a,,c\n", "line 1: column 2 of 3 has no header"),
        (b'a," "\n', "line 1: column 2 of 2 has no header"),
        (b"\na,b,a\n", "line 2: columns 1 and 3 have the same header 'a'"),
        (b"a,\xe9\n1,2\n", "line 1: in the header, byte 0xe9 is not UTF-8.*--encoding"),
        (b'a,"b\n1,2\n', "line 1: a quote in the header is never closed"),
        (b"a,b\r1,2\r", "line 1: its lines end in a lone carriage return"),
        (b"a,b\r" * 500_000, "line 1: its lines end in a lone carriage return"),
        ("a,b\n1,2\n".encode("utf-16"), "UTF-16"),
    ],
)
def test_a_file_without_a_usable_header_is_refused(write: Write, content: bytes, said: str) -> None:
    with pytest.raises(InputError, match=said):
        open_source(write(content))


def test_what_would_open_a_quote_that_is_not_closed_is_no_delimiter(write: Write) -> None:
    for content in (b'a;"b\n1;2\n', b'a;"b\n' + b"1;2\n" * 300_000):
        source = open_source(write(content))
        assert [column.header for column in source.columns] == ['a;"b']
        assert next(iter(read(source).rows)) == ["1;2"]


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_the_delimiter_follows_from_a_header_without_commas(write: Write, delimiter: str) -> None:
    text = "Name|Last".replace("|", delimiter) + "\n" + "1,5|2".replace("|", delimiter) + "\n"
    source = open_source(write(text.encode()))
    assert [column.header for column in source.columns] == ["Name", "Last"]
    assert read(source).rows == [["1,5", "2"]]


def test_a_header_with_a_comma_parts_at_commas(write: Write) -> None:
    source = open_source(write(b"a;b,c\n1;2,3\n"))
    assert [column.header for column in source.columns] == ["a;b", "c"]
    assert read(source).rows == [["1;2", "3"]]


def test_spaces_behind_delimiters_go_where_all_headers_have_them(write: Write) -> None:
    path = write(b'a, b, c\n1, 2 , \n  1, "x, y", ""\n')
    source = open_source(path)
    assert [column.header for column in source.columns] == ["a", "b", "c"]
    assert read(source).rows == [["1", "2 ", None], ["1", "x, y", ""]]
    assert read(open_source(write(b"a, b,c\n1, 2, \n"))).rows == [["1", " 2", " "]]


def test_types_are_cast_strictly_and_misfits_have_line_column_and_value(write: Write) -> None:
    path = write(
        b"Age,ok,when,sum\n007,YES,2024-01-31 12:00,1.50\n-1,0,,\nx,1,,\n2,maybe,,\n3,,1/2/24,1e999\n"
    )
    types = {"Age": "int", "ok": "bool", "when": "datetime", "sum": "decimal"}
    source = rejecting(path, types=types)
    assert source.columns.kinds() == {"age": "int", "ok": "bool", "when": "datetime", "sum": "decimal"}
    reading = read(source)
    assert reading.rows == [[7, True, "2024-01-31T12:00:00", 1.5], [-1, False, None, None]]
    assert [(reject.line, reject.reason) for reject in reading.rejects] == [
        (4, "column 'Age': 'x' is not a whole number within 64 bits."),
        (5, "column 'ok': 'maybe' is not one of true, false, yes, no, 1, 0."),
        (6, "column 'when': '1/2/24' is not a date, or a date and time, as in ISO 8601."),
    ]
    assert reading.rejects[0].record == '{"Age":"x","ok":"1","when":null,"sum":null}'
    with pytest.raises(InputError, match="line 4, column 'Age': 'x' is not a whole number"):
        read(open_source(path, types={"age": "int"}))


def test_a_type_for_a_column_that_is_not_there_names_those_that_are(write: Write) -> None:
    with pytest.raises(UsageError, match=r"no column 'c' .* columns are: a, b"):
        open_source(write(b"a,b\n"), types={"c": "int"})


def test_a_kind_that_the_service_does_not_take_is_text(write: Write) -> None:
    source = open_source(write(b"a\n1.50\n"), types={"a": "decimal"}, allowed=frozenset({"text", "int"}))
    assert source.columns.kinds() == {"a": "text"}
    assert read(source).rows == [["1.50"]]


def test_all_shared_contacts_are_read_as_python_reads_them(shared_data: Path) -> None:
    for path in sorted(shared_data.glob("*.csv")):
        source = open_source(path)
        with path.open(newline="", encoding="utf-8-sig") as file:
            spaces = path.name.startswith("febrl")
            header, *rows = csv.reader(file, skipinitialspace=spaces)
        assert [column.header for column in source.columns] == header
        got = [[value or "" for value in row] for row in read(source).rows]
        assert json.dumps(got) == json.dumps(rows), path
