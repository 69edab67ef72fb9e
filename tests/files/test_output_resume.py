"""However pages came and wherever a run was killed or found no room, the finished file has the same bytes."""

from collections.abc import Sequence
from pathlib import Path
from random import Random

import polars as pl
import pytest

from asyncclean.errors import OutputError, VerificationError
from asyncclean.files import atomic
from asyncclean.files.columns import Column, Columns
from asyncclean.files.formats import FileFormat
from asyncclean.files.output import Page, Written, open_writer
from tests.files.awkward import COMPACT, FRAGMENTS, Style
from tests.files.test_atomic import file_size_limit

COLUMNS = Columns([Column("a", "a", "text"), Column("B b", "b", "text")])
FORMATS = [
    FileFormat("csv"),
    FileFormat("tsv"),
    FileFormat("ndjson"),
    FileFormat("json"),
    FileFormat("csv", "gzip"),
    FileFormat("ndjson", "zstd"),
    FileFormat("json", "gzip"),
    FileFormat("json", "zstd"),
    FileFormat("parquet"),
]


def some_pages(random: Random) -> list[Page]:
    """Up to 60 small pages, many of them empty, some in a style that only the exact way reads."""
    pages = []
    for _ in range(random.randrange(60)):
        style = random.choice([COMPACT, COMPACT, Style(comma=",\n", around=" ")])
        records: list[dict[str, object]] = [
            {key: random.choice([*FRAGMENTS, None]) for key in random.choice(["ab", "ba", "a"])}
            for _ in range(random.choice([0, 1, 3]))
        ]
        pages.append(style.page(records))
    return pages


def undisturbed(part: Path, format: FileFormat, pages: Sequence[Page]) -> bytes:
    writer = open_writer(part, format=format, columns=COLUMNS, at=None)
    writer.write(pages)
    writer.finish()
    writer.close()
    atomic.commit(part, part.with_name("whole"))
    return part.with_name("whole").read_bytes()


@pytest.mark.parametrize("format", FORMATS, ids=str)
def test_the_bytes_do_not_depend_on_kills_on_full_disks_or_on_grouping(
    tmp_path: Path, format: FileFormat
) -> None:
    for seed in range(15):
        run_with_kills(tmp_path / str(seed), format, seed)


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("format", FORMATS, ids=str)
def test_the_bytes_do_not_depend_on_many_kills(tmp_path: Path, format: FileFormat) -> None:
    for seed in range(15, 1000):
        run_with_kills(tmp_path / str(seed), format, seed)


def run_with_kills(folder: Path, format: FileFormat, seed: int) -> None:
    folder.mkdir()
    random = Random(seed)
    pages = some_pages(random)
    part = folder / "part"
    expected = undisturbed(part, format, pages)
    done, length, killed = 0, 0, True
    while killed:
        writer = open_writer(part, format=format, columns=COLUMNS, at=length if done else None)
        reported = [Written(length, 0)]
        at = done
        writes = random.choice([0, 1, 5, 100])
        while at < len(pages) and writes:
            step = pages[at : at + random.randint(1, 20)]
            room = part.stat().st_size + random.randrange(200) if random.random() < 0.2 else 1 << 30
            try:
                with file_size_limit(room):
                    reported.append(writer.write(step))
            except OutputError:
                # The run ends, and what can be written now is noted.
                reported.append(writer.sync())
                break
            if random.random() < 0.5:
                reported.append(writer.sync())
            at += len(step)
            writes -= 1
            assert reported[-1].pages <= at - done
            assert reported[-1].length <= part.stat().st_size
        killed = at < len(pages)
        if not killed:
            writer.finish()
            writer.sync()
            killed = random.random() < 0.3  # before the end was noted
        writer.close()
        checkpoint = random.choice(reported)
        done, length = done + checkpoint.pages, checkpoint.length
        if format.format != "parquet" and killed:
            with part.open("ab") as file:
                file.write(random.choice([b"", b"torn"]))
    atomic.commit(part, folder / "out")
    assert (folder / "out").read_bytes() == expected, f"seed {seed}"
    assert {path.name for path in folder.iterdir()} == {"out", "whole"}


@pytest.mark.parametrize("format", FORMATS, ids=str)
def test_a_file_up_to_a_reported_length_holds_the_pages_reported(tmp_path: Path, format: FileFormat) -> None:
    if format.format == "parquet":
        pytest.skip("a spool is read by the writer alone")
    part = tmp_path / "part"
    pages = [COMPACT.page([{"a": str(page), "b": "x"}]) for page in range(40)]
    writer = open_writer(part, format=format, columns=COLUMNS, at=None)
    reported = []
    for at in range(0, 40, 5):
        reported += [writer.write(pages[at : at + 5]), writer.sync()]
    writer.close()
    assert reported[-1].pages >= 32
    for written in reported:
        if not written.pages:
            assert written == Written(0, 0)
            continue
        other = tmp_path / "other"
        writer = open_writer(other, format=format, columns=COLUMNS, at=None)
        writer.write(pages[: written.pages])
        assert writer.sync() == written
        writer.close()
        assert other.read_bytes() == part.read_bytes()[: written.length]


@pytest.mark.parametrize("format", FORMATS, ids=str)
def test_nothing_is_written_behind_a_page_that_is_not_as_it_says(tmp_path: Path, format: FileFormat) -> None:
    part = tmp_path / "part"
    good, bad = COMPACT.page([{"a": "x"}]), Page(b'[{"a":"x"}]', 2)
    writer = open_writer(part, format=format, columns=COLUMNS, at=None)
    writer.write([good] * 18)
    before = writer.sync()
    with pytest.raises(VerificationError):
        writer.write([bad, *[good] * 60])
    for again in (writer.sync, writer.finish):
        with pytest.raises(VerificationError):
            again()
    writer.close()
    assert part.stat().st_size == before.length


@pytest.mark.parametrize("format", FORMATS, ids=str)
def test_what_makes_a_file_whole_is_not_among_what_is_reported(tmp_path: Path, format: FileFormat) -> None:
    part = tmp_path / "part"
    pages = [COMPACT.page([{"a": str(page), "b": None}]) for page in range(20)]
    writer = open_writer(part, format=format, columns=COLUMNS, at=None)
    writer.write(pages)
    writer.finish()
    written = writer.sync()
    writer.close()
    whole = part.read_bytes()
    writer = open_writer(part, format=format, columns=COLUMNS, at=written.length)
    writer.write(pages[written.pages :])
    writer.finish()
    writer.close()
    assert part.read_bytes() == whole


def a_parquet_run(part: Path, pages: Sequence[Page]) -> Written:
    writer = open_writer(part, format=FileFormat("parquet"), columns=COLUMNS, at=None)
    writer.write(pages[:1])
    checkpoint = writer.sync()
    writer.write(pages[1:])
    writer.finish()
    writer.close()
    return checkpoint


PAGES = [COMPACT.page([{"a": str(page), "b": None}] * 3) for page in range(3)]


def test_a_finished_parquet_file_whose_end_was_not_noted_goes_on_from_its_spool(tmp_path: Path) -> None:
    part = tmp_path / "part"
    checkpoint = a_parquet_run(part, PAGES)
    whole = part.read_bytes()
    assert whole.startswith(b"PAR1")
    writer = open_writer(part, format=FileFormat("parquet"), columns=COLUMNS, at=checkpoint.length)
    writer.write(PAGES[1:])
    writer.finish()
    writer.close()
    assert part.read_bytes() == whole


def test_a_new_run_clears_what_a_killed_one_left(tmp_path: Path) -> None:
    part = tmp_path / "part"
    a_parquet_run(part, PAGES)
    assert atomic.spool_path(part).exists()
    part.unlink()
    a_parquet_run(part, [])
    assert pl.read_parquet(part).is_empty()


def test_a_foreign_file_is_not_taken_for_a_spool(tmp_path: Path) -> None:
    part = tmp_path / "part"
    part.write_bytes(b"PAR1 of something else")
    with pytest.raises(OutputError, match="not what an unfinished run left"):
        open_writer(part, format=FileFormat("parquet"), columns=COLUMNS, at=4)
    assert part.read_bytes() == b"PAR1 of something else"
