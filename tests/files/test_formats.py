"""The format follows from the name, or from what is said of it."""

from pathlib import Path

import pytest

from asyncclean.errors import UsageError
from asyncclean.files.formats import FileFormat, detect, renamed


@pytest.mark.parametrize(
    ("path", "name", "found"),
    [
        ("a.csv", None, FileFormat("csv")),
        ("a.CSV.GZ", None, FileFormat("csv", "gzip")),
        ("a.b.tsv.zst", None, FileFormat("tsv", "zstd")),
        ("a.tab", None, FileFormat("tsv")),
        ("a.jsonl", None, FileFormat("ndjson")),
        ("a.ndjson.gz", None, FileFormat("ndjson", "gzip")),
        ("a.json", None, FileFormat("json")),
        ("a.parquet", None, FileFormat("parquet")),
        ("a.pq", None, FileFormat("parquet")),
        ("a.txt", "csv", FileFormat("csv")),
        ("a.txt", "csv.gz", FileFormat("csv", "gzip")),
        ("data.gz", "csv", FileFormat("csv", "gzip")),
        ("a.csv", "ndjson", FileFormat("ndjson")),
    ],
)
def test_a_name_tells_the_format(path: str, name: str | None, found: FileFormat) -> None:
    assert detect(Path(path), name) == found


@pytest.mark.parametrize(
    ("path", "name"),
    [("a", None), ("a.gz", None), ("a.xlsx", None), ("csv", None), ("a.csv", "xml"), ("a.csv", "gz")],
)
def test_what_tells_no_format_is_refused(path: str, name: str | None) -> None:
    with pytest.raises(UsageError, match="csv, tsv, ndjson, json and parquet"):
        detect(Path(path), name)


def test_parquet_is_not_compressed_once_more() -> None:
    with pytest.raises(UsageError, match="compresses its columns itself"):
        detect(Path("a.parquet.gz"))


@pytest.mark.parametrize(
    ("name", "format", "new"),
    [
        ("contacts.csv", "parquet", "contacts.parquet"),
        ("contacts.csv.gz", "Parquet", "contacts.parquet"),
        ("contacts.2026.CSV", "ndjson.zst", "contacts.2026.ndjson.zst"),
        ("contacts.txt", ".csv", "contacts.txt.csv"),
        ("contacts", "csv", "contacts.csv"),
        (".csv", "json", ".csv.json"),
    ],
)
def test_a_name_gets_the_suffix_of_another_format(name: str, format: str, new: str) -> None:
    assert renamed(name, format) == new


def test_the_option_that_names_the_format_is_the_one_that_there_is() -> None:
    with pytest.raises(UsageError) as raised:
        detect(Path("a.xlsx"), option="--output-format")
    assert raised.value.hint.startswith("Say it with --output-format.")
