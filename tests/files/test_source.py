"""A file is opened by its format; what cannot be opened says why and what to do."""

import gzip
import json
import os
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
import zstandard

from asyncclean.errors import InputError
from asyncclean.files.formats import FileFormat
from asyncclean.files.source import open_source
from tests.files.reading import read

RECORDS = [
    {"id": "007", "name": 'O"Brien\n'},
    {"id": "", "name": None},
    {"id": "8", "name": "\U0001f600\u2028\x01"},
]


def write(path: Path) -> None:
    """The records, in the format that the suffix says."""
    frame = pl.DataFrame(RECORDS)
    lines = "".join(json.dumps(record) + "\n" for record in RECORDS).encode()
    contents = {
        ".csv": frame.write_csv(quote_style="necessary").encode(),
        ".tsv": frame.write_csv(separator="\t").encode(),
        ".ndjson": lines,
        ".json": json.dumps(RECORDS, indent=1).encode(),
    }
    if path.suffix == ".parquet":
        frame.write_parquet(path)
        return
    content = contents[path.suffixes[0]]
    packers: dict[str, Callable[[bytes], bytes]] = {".gz": gzip.compress, ".zst": zstandard.compress}
    path.write_bytes(packers[path.suffix](content) if path.suffix in packers else content)


@pytest.mark.parametrize(
    "name",
    [
        f"a{suffix}{packed}"
        for suffix in (".csv", ".tsv", ".ndjson", ".json")
        for packed in ("", ".gz", ".zst")
    ]
    + ["a.parquet"],
)
def test_every_format_gives_the_same_records(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    write(path)
    source = open_source(path)
    assert source.size == path.stat().st_size
    assert source.columns.kinds() == {"id": "text", "name": "text"}
    assert source.columns.identity
    reading = read(source)
    assert reading.records == RECORDS
    assert reading.bytes_read[-1] == source.size


def test_the_format_can_be_said(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text('{"a":1}\n')
    source = open_source(path, format=FileFormat("ndjson"))
    assert source.columns.kinds() == {"a": "int"}
    assert read(source).records == [{"a": 1}]


def test_reading_ahead_tells_how_far_it_got(tmp_path: Path) -> None:
    path = tmp_path / "a.ndjson"
    path.write_text('{"a":1}\n' * 1000)
    told: list[int] = []
    open_source(path, on_read=told.append)
    assert told[-1] == path.stat().st_size


def test_a_file_that_is_not_there_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"there is no such file. Check the name"):
        open_source(tmp_path / "a.csv")


def test_a_folder_is_an_input_error(tmp_path: Path) -> None:
    (tmp_path / "a.csv").mkdir()
    with pytest.raises(InputError, match="is a folder"):
        open_source(tmp_path / "a.csv")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_an_input_error(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a\n")
    path.chmod(0)
    with pytest.raises(InputError, match="may not be read"):
        open_source(path)


def test_a_pipe_is_an_input_error(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    os.mkfifo(path)
    with pytest.raises(InputError, match="not a regular file"):
        open_source(path)


def test_a_json_file_that_changes_while_it_is_read_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "a.ndjson"
    path.write_text('{"a":1}\n')
    source = open_source(path)
    path.write_text('{"a":{}}\n')
    with pytest.raises(InputError, match="was changed while it was read"):
        read(source)
