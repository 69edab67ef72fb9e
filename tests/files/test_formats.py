"""The format follows from the name, or from what is said of it."""

from pathlib import Path

import pytest

from asyncclean.errors import UsageError
from asyncclean.files.formats import FileFormat, detect


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
