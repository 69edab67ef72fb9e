"""Compressed and otherwise encoded files are read as what they hold, or refused when they are not whole."""

import gzip
import zlib
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from asyncclean.errors import InputError, UsageError
from asyncclean.files.formats import Compression
from asyncclean.files.source import open_source
from asyncclean.files.stream import STEP, ByteStream, normal_encoding
from tests.files.reading import assert_resumable, read, slices_of

Pack = Callable[[bytes], bytes]

PACKERS: dict[Compression, Pack] = {
    "gzip": gzip.compress,
    "zstd": zstandard.ZstdCompressor(write_checksum=True).compress,
}
SUFFIXES: dict[Compression, str] = {"gzip": ".gz", "zstd": ".zst"}


def content(path: Path, size: int, compression: Compression | None = None, encoding: str = "utf-8") -> bytes:
    with closing(ByteStream(path, compression=compression, encoding=encoding)) as stream:
        parts = list(iter(lambda: stream.read(size), b""))
        assert all(len(part) == size for part in parts[:-1])
        assert stream.bytes_read == path.stat().st_size
    return b"".join(parts)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("stream") / "packed"


@given(
    parts=st.lists(st.binary(max_size=200), min_size=1, max_size=4),
    compression=st.sampled_from(["gzip", "zstd"]),
    size=st.sampled_from([1, 10, 1000]),
)
@settings(max_examples=50, deadline=None)
def test_members_and_frames_behind_one_another_are_one_file(
    path: Path, parts: list[bytes], compression: Compression, size: int
) -> None:
    path.write_bytes(b"".join(map(PACKERS[compression], parts)))
    assert content(path, size, compression) == b"".join(parts)


@pytest.mark.parametrize("compression", ["gzip", "zstd"])
def test_a_file_cut_short_anywhere_is_never_taken_for_a_whole_one(
    path: Path, compression: Compression
) -> None:
    data = bytes(range(256)) * 20
    packed = PACKERS[compression](data) + PACKERS[compression](data)
    half = len(packed) // 2
    for length in range(1, len(packed)):
        path.write_bytes(packed[:length])
        if length == half:
            continue
        with pytest.raises(InputError, match=r"cut short|damaged"):
            content(path, 1000, compression)


@pytest.mark.parametrize("compression", ["gzip", "zstd"])
def test_a_damaged_file_is_refused(path: Path, compression: Compression) -> None:
    packed = bytearray(PACKERS[compression](b"some text " * 1000))
    packed[len(packed) // 2] ^= 0xFF
    path.write_bytes(packed)
    with pytest.raises(InputError, match=f"is damaged, or not compressed with {compression}|cut short"):
        content(path, 1000, compression)
    path.write_bytes(b"plain text, not packed at all\n" * 10)
    with pytest.raises(InputError, match=f"is damaged, or not compressed with {compression}"):
        content(path, 1000, compression)


def test_a_zstd_window_too_large_for_flat_memory_is_refused(path: Path) -> None:
    wide = zstandard.ZstdCompressionParameters.from_level(3, window_log=28)
    packer = zstandard.ZstdCompressor(compression_params=wide).compressobj()
    path.write_bytes(packer.compress(b"a,b\n1,2\n") + packer.flush())
    with pytest.raises(InputError, match=r"window of over 128 MiB.*--long"):
        content(path, 1000, "zstd")


def test_zeros_behind_a_gzip_member_are_passed_over(path: Path) -> None:
    path.write_bytes(gzip.compress(b"a") + bytes(1000) + gzip.compress(b"b") + bytes(3))
    assert content(path, 10, "gzip") == b"ab"
    path.write_bytes(gzip.compress(b"a") + bytes(2 * STEP) + gzip.compress(b"b") + bytes(2 * STEP))
    assert content(path, 10, "gzip") == b"ab"
    path.write_bytes(bytes(1000))
    with pytest.raises(InputError, match="not compressed with gzip"):
        content(path, 10, "gzip")


@pytest.mark.parametrize("compression", ["gzip", "zstd"])
def test_what_unpacks_to_a_thousand_times_its_size_comes_in_bounded_steps(
    path: Path, compression: Compression
) -> None:
    path.write_bytes(PACKERS[compression](bytes(50 << 20)))
    with closing(ByteStream(path, compression=compression)) as stream:
        assert sum(map(len, iter(lambda: stream.read(1 << 20), b""))) == 50 << 20


@pytest.mark.parametrize("compression", ["gzip", "zstd"])
def test_reading_a_compressed_file_can_go_on_behind_any_block(
    tmp_path: Path, compression: Compression
) -> None:
    path = tmp_path / f"a.csv{SUFFIXES[compression]}"
    path.write_bytes(PACKERS[compression](b"n\n" + b"".join(b"%d\n" % n for n in range(50))))
    with slices_of(10):
        source = open_source(path)
        assert [row[0] for row in read(source).rows] == [str(n) for n in range(50)]
        assert_resumable(source)


@pytest.mark.parametrize(
    "encoding", ["utf-16", "utf-16-be", "utf-8-sig", "cp1252", "latin-1", "utf-32", "shift_jis"]
)
def test_a_named_encoding_is_read_as_text(tmp_path: Path, encoding: str) -> None:
    text = "名,b\n日本,5\n" * 300 if encoding == "shift_jis" else "é,b\nö,5\n" * 300
    path = tmp_path / "a.csv"
    path.write_bytes(text.encode(encoding))
    assert content(path, 7, encoding=normal_encoding(encoding)).decode("utf-8-sig") == text
    with slices_of(70):
        source = open_source(path, encoding=encoding)
        assert [source.columns[0].header, *(row[0] for row in read(source).rows)] == [
            line.split(",")[0] for line in text.splitlines()
        ]
        assert_resumable(source)


def test_bytes_that_are_no_text_in_a_named_encoding_make_a_bad_row(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"a,b\n1,\xe9\n2,\x81\n")
    reading = read(open_source(path, encoding="cp1252", keep_rejects=True))
    assert reading.rows == [["1", "é"]]
    assert [(reject.line, reject.reason) for reject in reading.rejects] == [
        (3, "column 'b': it holds bytes that are no text in the file's encoding.")
    ]


def test_an_unknown_encoding_is_refused(tmp_path: Path) -> None:
    for encoding in ("utf-9", "rot13", "hex"):
        with pytest.raises(UsageError, match=f"no encoding named '{encoding}'"):
            normal_encoding(encoding)


@pytest.mark.parametrize(
    ("start", "said"),
    [
        (gzip.compress(b"a,b\n"), "compressed with gzip.*Put .gz"),
        (zstandard.compress(b"a,b\n"), "compressed with zstd.*Put .zst"),
        (b"PK\x03\x04rest", "ZIP archive or a spreadsheet"),
        (b"PAR1rest", "--format parquet"),
        ("a,b\n".encode("utf-16"), "--encoding utf-16"),
    ],
)
def test_what_is_plainly_something_else_is_named(tmp_path: Path, start: bytes, said: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(start)
    with pytest.raises(InputError, match=said):
        open_source(path)


def test_the_checksum_of_a_member_is_checked(path: Path) -> None:
    packed = bytearray(gzip.compress(b"text"))
    packed[-8:-4] = zlib.crc32(b"other").to_bytes(4, "little")
    path.write_bytes(packed)
    with pytest.raises(InputError, match="damaged"):
        content(path, 10, "gzip")
