"""A file appears whole under its name, or not at all; and what the system refuses is said in words."""

import os
import resource
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from asyncclean.errors import OutputError
from asyncclean.files.atomic import PartFile, commit, discard, part_path, spool_path, whole_path


@contextmanager
def file_size_limit(size: int) -> Iterator[None]:
    """The system refuses to let a file grow further than this."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


needs_permissions = pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")


def test_a_part_lies_beside_its_output() -> None:
    assert part_path(Path("folder/out.csv.gz")) == Path("folder/out.csv.gz.asyncclean-part")


def test_a_commit_puts_the_part_in_the_outputs_place(tmp_path: Path) -> None:
    output = tmp_path / "out.csv"
    output.write_text("old")
    part = part_path(output)
    part.write_text("new")
    spool_path(part).write_text("what it was made from")
    commit(part, output)
    assert output.read_text() == "new"
    assert list(tmp_path.iterdir()) == [output]


def test_a_commit_onto_a_folder_is_refused_and_keeps_the_part(tmp_path: Path) -> None:
    output = tmp_path / "out.csv"
    output.mkdir()
    part = part_path(output)
    part.write_text("new")
    with pytest.raises(OutputError, match=r"out\.csv: Is a directory.*name of a file"):
        commit(part, output)
    assert part.read_text() == "new"


def test_a_commit_without_a_part_leaves_the_output_alone(tmp_path: Path) -> None:
    output = tmp_path / "out.csv"
    output.write_text("old")
    with pytest.raises(OutputError, match="No such file"):
        commit(part_path(output), output)
    assert output.read_text() == "old"


def test_a_part_is_discarded_with_all_that_belongs_to_it(tmp_path: Path) -> None:
    output = tmp_path / "out.parquet"
    part = part_path(output)
    for path in (output, part, spool_path(part), whole_path(part)):
        path.touch()
    discard(part)
    assert list(tmp_path.iterdir()) == [output]
    discard(part)


def test_a_part_is_cut_back_and_gone_on_with(tmp_path: Path) -> None:
    path = tmp_path / "part"
    file = PartFile(path, at=None)
    file.append(b"one", memoryview(b" two"))
    file.sync()
    file.append(b" torn")
    file.close()
    file.close()
    file = PartFile(path, at=7)
    assert file.length == 7
    file.append(b" three")
    file.close()
    assert path.read_bytes() == b"one two three"
    PartFile(path, at=None).close()
    assert path.read_bytes() == b""


def test_a_part_shorter_than_it_was_is_not_gone_on_with(tmp_path: Path) -> None:
    path = tmp_path / "part"
    path.write_bytes(b"123")
    with pytest.raises(OutputError, match="has 3 bytes, but 4 were written to it before"):
        PartFile(path, at=4)
    assert path.read_bytes() == b"123"


def test_a_part_belongs_to_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "part"
    path.touch(0o644)
    PartFile(path, at=None).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_part_is_not_written_through_a_link(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    link = part_path(tmp_path / "out.csv")
    link.symlink_to(victim)
    with pytest.raises(OutputError, match=r"out\.csv: .*symbolic link lies where"):
        PartFile(link, at=None)
    assert victim.read_text() == "precious"


def test_a_write_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    path = part_path(tmp_path / "out.csv")
    file = PartFile(path, at=None)
    file.append(b"x" * 1000)
    with file_size_limit(1500), pytest.raises(OutputError, match=r"out\.csv: File too large") as raised:
        file.append(b"y" * 400, b"z" * 400)
    assert raised.value.hint
    assert (file.length, path.stat().st_size) == (1000, 1000)
    file.append(b"y")
    file.close()
    assert path.read_bytes() == b"x" * 1000 + b"y"


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("missing/out.csv", "Make its folder first"),
        ("file/out.csv", "a file where a folder should be"),
        ("n" * 250, "shorter name"),
        ("folder", "name of a file"),
    ],
)
def test_an_output_that_cannot_be_says_why(tmp_path: Path, path: str, words: str) -> None:
    (tmp_path / "file").touch()
    part_path(tmp_path / "folder").mkdir()
    with pytest.raises(OutputError, match=words) as raised:
        PartFile(part_path(tmp_path / path), at=None)
    assert raised.value.path == tmp_path / path


@needs_permissions
def test_a_folder_that_may_not_be_written_to_says_so(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(OutputError, match=r"Permission denied.*may write to"):
            PartFile(tmp_path / "part", at=None)
    finally:
        tmp_path.chmod(0o700)
