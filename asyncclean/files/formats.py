"""Which format and compression a file has, by its name. Knows suffixes; opens nothing."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from asyncclean.errors import UsageError

Format = Literal["csv", "tsv", "ndjson", "json", "parquet"]
Compression = Literal["gzip", "zstd"]

_FORMATS: dict[str, Format] = {
    "csv": "csv",
    "tsv": "tsv",
    "tab": "tsv",
    "ndjson": "ndjson",
    "jsonl": "ndjson",
    "json": "json",
    "parquet": "parquet",
    "pq": "parquet",
}
_COMPRESSIONS: dict[str, Compression] = {
    "gz": "gzip",
    "gzip": "gzip",
    "zst": "zstd",
    "zstd": "zstd",
}

_HINT = "Known are csv, tsv, ndjson, json and parquet, all but parquet also with .gz or .zst behind."


@dataclass(frozen=True, slots=True)
class FileFormat:
    """A format, and the compression around it."""

    format: Format
    compression: Compression | None = None


def detect(path: Path, name: str | None = None, *, option: str = "--format") -> FileFormat:
    """The format that ``name`` says ("csv", "ndjson.gz", ...), else the one that the path's suffixes say.

    A ``name`` without a compression leaves that to the path: ``--format csv`` reads ``data.gz`` unpacked.
    Case does not matter. Raises UsageError when neither tells; ``option`` is what it says to name it with.
    """
    suffixes = [suffix[1:].lower() for suffix in path.suffixes]
    by_path = _COMPRESSIONS.get(suffixes[-1]) if suffixes else None
    if name is not None:
        parts = name.lower().lstrip(".").split(".")
        what = f"the format {name!r} is not known."
    else:
        parts = suffixes[-2:] if by_path else suffixes[-1:]
        what = f"{path}: the name does not tell the format."
    compression = _COMPRESSIONS.get(parts[-1]) if len(parts) > 1 else None
    plain = parts[:-1] if compression else parts
    if len(plain) != 1 or plain[0] not in _FORMATS:
        hint = _HINT if name is not None else f"Say it with {option}. {_HINT}"
        raise UsageError(what[:1].upper() + what[1:] if name is not None else what, hint=hint)
    found = FileFormat(_FORMATS[plain[0]], compression or (by_path if name is not None else None))
    if found.format == "parquet" and found.compression is not None:
        raise UsageError(
            f"{path}: Parquet is not read or written inside of {found.compression}.",
            hint="Parquet compresses its columns itself.",
        )
    return found


def renamed(name: str, format: str) -> str:
    """A file's name with the suffix that ``format`` is, in the place of those that tell of another.

    ``contacts.csv.gz`` becomes ``contacts.parquet``, or, for ``ndjson.zst``, ``contacts.ndjson.zst``.
    """
    stem, _, suffix = name.rpartition(".")
    if stem and suffix.lower() in _COMPRESSIONS:
        name = stem
        stem, _, suffix = name.rpartition(".")
    if stem and suffix.lower() in _FORMATS:
        name = stem
    return f"{name}.{format.lower().lstrip('.')}"
