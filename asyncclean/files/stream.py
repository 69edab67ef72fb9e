"""A text file as one stream of UTF-8 bytes. Knows disks, compression and encodings; knows no format.

    bytes on disk ──▶ decompressed ──▶ decoded, encoded as UTF-8

Nothing is held but about one step of each stage. What is already UTF-8 and not compressed passes as it is,
and such a file can be entered at any byte; any other is read from its start up to there.
"""

import codecs
from collections.abc import Iterator
from pathlib import Path

from asyncclean.errors import InputError, UsageError
from asyncclean.files.blocks import Tap, no_tap
from asyncclean.files.decompress import decompress
from asyncclean.files.formats import Compression

STEP = 1 << 18
"""Bytes taken from a disk at a time, where they go through a decompressor or a decoder."""

NOT_TEXT = b"\xed\xb3\xbf"
"""Stands for bytes that are no text in the named encoding. It is no UTF-8, and is found as such."""

_PACKED: dict[bytes, tuple[str, Compression | None, str]] = {
    b"\x1f\x8b": ("compressed with gzip", "gzip", "Put .gz behind its name or --format."),
    b"\x28\xb5\x2f\xfd": (
        "compressed with zstd",
        "zstd",
        "Put .zst behind its name or --format.",
    ),
    b"PK\x03\x04": ("a ZIP archive or a spreadsheet", None, "Unpack it, or save it as CSV."),
    b"PAR1": ("Parquet", None, "Read it with --format parquet."),
}
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def _mark(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return NOT_TEXT.decode("utf-8", "surrogatepass"), error.end


codecs.register_error("asyncclean.mark", _mark)


def normal_encoding(encoding: str) -> str:
    """The encoding's usual name. Raises UsageError for one that there is not."""
    try:
        info = codecs.lookup(encoding)
        "".encode(encoding)
        b"".decode(encoding)
    except (LookupError, ValueError):
        raise UsageError(
            f"There is no encoding named {encoding!r}.", hint="Try utf-8, utf-16, cp1252 or latin-1."
        ) from None
    return "utf-8" if info.name in ("utf-8", "utf-8-sig") else info.name


def check_file(path: Path) -> int:
    """The size of a file that can be read, in bytes. Raises InputError for what is none."""
    try:
        if path.is_dir():
            raise InputError(path, "is a folder, not a file.", hint="Name a file in it.")
        if path.exists() and not path.is_file():
            raise InputError(
                path, "is not a regular file, and cannot be read twice.", hint="Save it as a file first."
            )
        with path.open("rb"):
            return path.stat().st_size
    except OSError as error:
        raise unreadable(path, error) from error


def unreadable(path: Path, error: OSError) -> InputError:
    """The InputError for what the system says of a file."""
    if isinstance(error, FileNotFoundError):
        return InputError(path, "there is no such file.", hint="Check the name and the folder.")
    if isinstance(error, PermissionError):
        return InputError(path, "may not be read.", hint="Ask for permission to read it (chmod u+r).")
    return InputError(path, error.strerror or str(error))


class ByteStream:
    """Reads a file from its start, or from an offset in what comes out. Raises InputError throughout.

    ``bytes_read``: bytes taken from the disk so far (the offset on disk); never falls.
    """

    def __init__(
        self,
        path: Path,
        *,
        compression: Compression | None = None,
        encoding: str = "utf-8",
        tap: Tap = no_tap,
    ) -> None:
        self.path = path
        self.bytes_read = 0
        self._tap = tap
        try:
            self._file = path.open("rb", buffering=0)
        except OSError as error:
            raise unreadable(path, error) from error
        self._check_magic(compression, encoding)
        self._stages: Iterator[bytes] | None = None
        if compression is not None or encoding != "utf-8":
            stages = self._steps()
            if compression is not None:
                stages = decompress(path, compression, stages)
            if encoding != "utf-8":
                stages = _as_utf8(stages, encoding)
            self._stages = stages
        self._ahead = b""

    def _check_magic(self, compression: Compression | None, encoding: str) -> None:
        start = self._file.read(4)
        self._file.seek(0)
        for magic, (what, kind, hint) in _PACKED.items():
            if start.startswith(magic) and (kind is None or kind != compression):
                self.close()
                raise InputError(self.path, f"is {what}, not plain text.", hint=hint)
        if start.startswith(_UTF_16) and compression is None and encoding == "utf-8":
            self.close()
            raise InputError(self.path, "is UTF-16 text.", hint="Read it with --encoding utf-16.")

    def _steps(self) -> Iterator[bytes]:
        while step := self._read_disk(STEP):
            yield step

    def _read_disk(self, size: int) -> bytes:
        try:
            got = self._file.read(size)
        except OSError as error:
            raise unreadable(self.path, error) from error
        self._tap(self.bytes_read, got)
        self.bytes_read += len(got)
        return got

    def read(self, size: int) -> bytes:
        """The next ``size`` bytes, fewer only at the end, none after it."""
        if self._stages is None:
            parts = [self._read_disk(size)]
            while parts[-1] and (missing := size - sum(map(len, parts))):
                parts.append(self._read_disk(missing))
            return parts[0] if len(parts) == 1 else b"".join(parts)
        parts, length = [self._ahead], len(self._ahead)
        while length < size and (step := next(self._stages, None)) is not None:
            parts.append(step)
            length += len(step)
        joined = b"".join(parts)
        self._ahead = joined[size:]
        return joined[:size]

    def skip(self, count: int) -> None:
        """Pass over so many bytes, from the start of the file."""
        if self._stages is None:
            self.bytes_read = self._file.seek(min(count, self.path.stat().st_size))
            return
        while count > 0 and (passed := len(self.read(min(count, 1 << 20)))):
            count -= passed

    def close(self) -> None:
        self._file.close()


def _as_utf8(steps: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)("asyncclean.mark")
    for step in steps:
        yield decoder.decode(step).encode("utf-8", "surrogatepass")
    yield decoder.decode(b"", final=True).encode("utf-8", "surrogatepass")
