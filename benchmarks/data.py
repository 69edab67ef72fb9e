"""The files and pages that the benchmarks move: the same bytes on every machine. Knows no HTTP.

Contacts of 11 columns and about 140 bytes a row in CSV (260 in JSON), a part of them dirty (capitals,
spaces, quotes, commas, broken addresses), so that cleansing and quoting have something to do.

    python -m benchmarks.data 1000000 csv        # makes the file if need be, prints its path
"""

import argparse
import gzip
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO

import polars as pl

FORMATS = ("csv", "tsv", "ndjson", "json", "parquet", "csv.gz", "csv.zst", "ndjson.gz")
VERSION = 1
"""Goes into the names of the cached files; raise it when the data changes."""

CHUNK = 500_000
"""Rows made at a time, so that making a file of 10 million rows takes no more memory than this."""

TITLES = ["Mr", "Mrs", "Ms", "Dr", "mr.", "MISS", "Prof", ""]
FIRST = [
    "James", "Mary", "MOHAMMED", "Siobhan", "Jean-Luc", "olivia", "Noah", "Amelia", "Zoë", "Oliver", "José",
    "Grace", "  Harry", "Isla", "George", "FREYA", "Leo", "Ava", "Björn", "Mia", "Arthur", "Lily", "Muhammad",
]  # fmt: skip
LAST = [
    "Smith", "O'BRIEN", "jones", "McDonald", "Taylor", "van der Berg", "Patel", "Williams", "Brown ",
    "Davies", "Wilson", "Evans", "Thomas", "ROBERTS", "Johnson", "Walker", "Wright", "Robinson", "Thompson",
    "Müller", "White", "Hughes", "Edwards", "Hall", "Green", "Khan", "Lewis", "Harris", "Clarke",
    "Fitzwilliam",
]  # fmt: skip
MAIL = [
    "example.com",
    "EXAMPLE.org",
    "mail.example.co.uk",
    "post.example.net",
    "example,com",
    "work.example.com",
]
STREET = [
    "High Street", "Station Road", "Church Lane", "Victoria Avenue", "Mill Hill", "The Green",
    "Park Crescent", "King Street", "Queens Drive", "Manor Close", "Springfield Gardens",
]  # fmt: skip
TOWN = [
    "London",
    "Leeds",
    "BRISTOL",
    "Cardiff",
    "Edinburgh",
    "Manchester",
    "Norwich",
    "York",
    "Bath",
    "Ellesmere Port",
]
AREA = ["SW1A", "LS", "BS", "cf", "EH", "M", "NR", "YO", "BA", "CH"]
LETTERS = ["AA", "bd", "EF", "GH", "JL", "NP", "QR", "ST", "UW", "XY", "ZZ"]
COMPANY = [
    "Acme Trading Company Ltd", "Smith, Jones & Co", 'The "Old" Bakery', "Northern Widgets PLC",
    "GLOBAL LOGISTICS", "Data & Sons Bookbinders", "Harbour Foods International Limited",
    "Blue Sky Travel Agents", "Oak Tree Nurseries",
]  # fmt: skip


def frame(start: int, rows: int) -> pl.DataFrame:
    """Records ``start`` .. ``start + rows - 1``, all columns text."""
    number = pl.col("i")

    def pick(values: list[str], step: int) -> pl.Expr:
        """A fixed, well-mixed choice by row number."""
        mixed = (number * step + number // len(values)) % len(values)
        return pl.lit(pl.Series(values)).gather(mixed)

    def digits(step: int, width: int) -> pl.Expr:
        modulus: int = 10**width
        return ((number * step + 12_345) % modulus).cast(pl.String).str.zfill(width)

    first, last = pick(FIRST, 7), pick(LAST, 11)
    handle = first.str.strip_chars() + pl.lit(".") + last.str.replace_all(" ", "").str.replace_all("'", "")
    return pl.DataFrame({"i": pl.int_range(start, start + rows, eager=True)}).select(
        number.cast(pl.String).str.zfill(8).alias("id"),
        pick(TITLES, 3).alias("title"),
        first.alias("first_name"),
        last.alias("last_name"),
        (handle + digits(7_919, 5) + pl.lit("@") + pick(MAIL, 5)).alias("email"),
        (pick(["07", "+44 7", "(07)", "0044 7"], 3) + digits(104_729, 9)).alias("phone"),
        ((number % 240 + 1).cast(pl.String) + pl.lit(" ") + pick(STREET, 3)).alias("address"),
        pick(TOWN, 3).alias("town"),
        (pick(AREA, 7) + digits(31, 1) + pl.lit(" ") + digits(17, 1) + pick(LETTERS, 4)).alias("postcode"),
        (
            (number % 60 + 1940).cast(pl.String)
            + pl.lit("-")
            + (number * 5 % 12 + 1).cast(pl.String).str.zfill(2)
            + pl.lit("-")
            + (number * 11 % 28 + 1).cast(pl.String).str.zfill(2)
        ).alias("dob"),
        pick(COMPANY, 4).alias("company"),
    )


def pages(count: int, records: int = 1000) -> list[bytes]:
    """``count`` pages of ``records`` records, each a compact JSON array."""
    return [frame(page * records, records).write_json().encode() for page in range(count)]


def _write_lines(rows: int, out: IO[bytes], write: Callable[[pl.DataFrame, IO[bytes], bool], None]) -> None:
    for start in range(0, rows, CHUNK):
        write(frame(start, min(CHUNK, rows - start)), out, start == 0)


def _write_array(rows: int, out: IO[bytes]) -> None:
    out.write(b"[")
    for start in range(0, rows, CHUNK):
        out.write(b"," if start else b"")
        out.write(frame(start, min(CHUNK, rows - start)).write_json().encode()[1:-1])
    out.write(b"]\n")


def _make(rows: int, kind: str, target: Path) -> None:
    if kind == "parquet":
        pl.scan_csv(file(rows, "csv"), infer_schema=False).sink_parquet(target)
        return
    if "." in kind:
        plain, compression = kind.split(".")
        with file(rows, plain).open("rb") as source:
            if compression == "gz":
                with gzip.open(target, "wb", compresslevel=6) as out:
                    shutil.copyfileobj(source, out, 1 << 20)
            else:
                import zstandard  # noqa: PLC0415  only this one format needs it

                with target.open("wb") as out_plain:
                    zstandard.ZstdCompressor().copy_stream(source, out_plain)
        return
    with target.open("wb") as out_plain:
        match kind:
            case "csv":
                _write_lines(rows, out_plain, lambda f, out, head: f.write_csv(out, include_header=head))
            case "tsv":
                _write_lines(
                    rows,
                    out_plain,
                    lambda f, out, head: f.write_csv(out, include_header=head, separator="\t"),
                )
            case "ndjson":
                _write_lines(rows, out_plain, lambda f, out, head: f.write_ndjson(out))
            case "json":
                _write_array(rows, out_plain)
            case _:
                raise ValueError(f"no such format: {kind}; choose from {', '.join(FORMATS)}")


def folder() -> Path:
    """Where the files lie: ``ASYNCCLEAN_BENCHMARK_DATA``, else a folder of the system's temporary one."""
    chosen = os.environ.get("ASYNCCLEAN_BENCHMARK_DATA")
    return Path(chosen) if chosen else Path(tempfile.gettempdir()) / "asyncclean-benchmarks"


def file(rows: int, kind: str = "csv") -> Path:
    """The path of the file of so many rows, made when it is not there yet."""
    path = folder() / f"contacts-v{VERSION}-{rows}.{kind}"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        making = path.with_name(f"{path.name}.{os.getpid()}.making")
        _make(rows, kind, making)
        making.replace(path)
    return path


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.data", description="Make a benchmark file.")
    parser.add_argument("rows", type=int)
    parser.add_argument("format", choices=FORMATS, nargs="?", default="csv")
    args = parser.parse_args()
    print(file(args.rows, args.format))


if __name__ == "__main__":
    main()
