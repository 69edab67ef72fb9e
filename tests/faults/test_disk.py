"""Disks that are full, too small or read-only: it says so, and goes on once there is room."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cli.program import Said, asyncclean
from tests.faults.kills import serving
from tests.faults.runs import write_input

RECORDS = 6000
ROOM = 64 << 10
"""Bytes enough for a journal, and too few for an output as well."""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a server that has all the room it wants."""
    with serving(tmp_path_factory.mktemp("service")) as url:
        yield url


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_input(tmp_path_factory.mktemp("source") / "in.csv", RECORDS)


@dataclass(frozen=True, slots=True)
class Disk:
    """A small disk of its own."""

    path: Path

    def leave(self, room: int) -> None:
        """Fill it up but for so many bytes."""
        self.free()
        size = shutil.disk_usage(self.path).free - room
        with (self.path / "other").open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, size)

    def free(self) -> None:
        (self.path / "other").unlink(missing_ok=True)

    def mount(self, options: str) -> None:
        subprocess.run(["mount", "-o", options, *self._what(options)], check=True, capture_output=True)

    def _what(self, options: str) -> list[str]:
        return [str(self.path)] if "remount" in options else ["-t", "tmpfs", "tmpfs", str(self.path)]

    def names(self) -> list[str]:
        return sorted(path.name for path in self.path.iterdir())


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """4 MB, mounted for one test; skips where that is not allowed."""
    path = tmp_path / "disk"
    path.mkdir()
    made = Disk(path)
    try:
        made.mount("size=4m")
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("a disk can be mounted by root alone")
    try:
        yield made
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=True)


def clean(source: Path, output: Path, rejects: Path, *options: str) -> Said:
    return asyncclean(
        *("clean", source, "-o", output, "--rejects", rejects, "--workflow", "PassThrough"),
        *("--json", "--quiet", *options),
        cwd=source.parent,
    )


@pytest.mark.parametrize("format", ["csv", "csv.gz", "ndjson", "parquet"])
def test_an_output_that_fills_the_disk_goes_on_when_there_is_room(
    format: str, disk: Disk, service: str, source: Path, tmp_path: Path
) -> None:
    output, bad = disk.path / f"out.{format}", tmp_path / "bad.ndjson"
    disk.leave(ROOM)
    failed = clean(source, output, bad, "--url", service)
    assert failed.status == 1
    assert f"{output}: No space left on device" in failed.err
    assert "Free some space" in failed.err
    assert failed.out == ""
    assert output.name not in disk.names()
    disk.free()
    done = clean(source, output, bad, "--url", service)
    assert done.status == 3
    assert done.summary["blocks_resumed"] == done.summary["blocks"]
    assert disk.names() == [output.name]

    undisturbed = tmp_path / output.name
    assert clean(source, undisturbed, tmp_path / "other.ndjson", "--url", service).status == 3
    assert output.read_bytes() == undisturbed.read_bytes()


def test_a_journal_that_fills_the_disk_goes_on_when_there_is_room(
    disk: Disk, service: str, source: Path, tmp_path: Path
) -> None:
    # 1,500 blocks, noted a hundred at a time.
    options = ("--url", service, "--max-block-bytes", "800", "--rate", "400")
    disk.leave(ROOM)
    failed = clean(source, disk.path / "out.csv", tmp_path / "bad.ndjson", *options)
    assert failed.status == 1
    assert "out.csv.asyncclean: the journal cannot be written: database or disk is full" in failed.err
    assert "See that the disk has room" in failed.err
    disk.free()
    done = clean(source, disk.path / "out.csv", tmp_path / "bad.ndjson", *options)
    assert done.status == 3
    assert done.summary["blocks_resumed"] > 100  # type: ignore[operator]
    assert disk.names() == ["out.csv"]

    undisturbed = clean(source, tmp_path / "out.csv", tmp_path / "other.ndjson", "--url", service)
    assert done.summary["records_out"] == undisturbed.summary["records_out"]
    assert (disk.path / "out.csv").read_bytes() == (tmp_path / "out.csv").read_bytes()


def test_without_room_for_a_journal_nothing_is_begun(
    disk: Disk, service: str, source: Path, tmp_path: Path
) -> None:
    disk.leave(0)
    failed = clean(source, disk.path / "out.csv", tmp_path / "bad.ndjson", "--url", service)
    assert failed.status == 1
    assert "the journal cannot be written" in failed.err
    assert "out.csv" not in disk.names()
    disk.free()
    assert clean(source, disk.path / "out.csv", tmp_path / "bad.ndjson", "--url", service).status == 3


def test_rejects_that_do_not_fit_are_written_when_there_is_room(
    disk: Disk, service: str, source: Path, tmp_path: Path
) -> None:
    disk.leave(0)
    failed = clean(source, tmp_path / "out.csv", disk.path / "bad.ndjson", "--url", service)
    assert failed.status == 1
    assert f"{disk.path / 'bad.ndjson'}: No space left on device" in failed.err
    assert (tmp_path / "out.csv").exists()
    assert (tmp_path / "out.csv.asyncclean").exists()
    disk.free()
    done = clean(source, tmp_path / "out.csv", disk.path / "bad.ndjson", "--url", service)
    assert done.status == 3
    assert done.summary["pages_resumed"] == done.summary["pages"]
    assert disk.names() == ["bad.ndjson"]
    assert not (tmp_path / "out.csv.asyncclean").exists()

    undisturbed = tmp_path / "other.ndjson"
    assert clean(source, tmp_path / "other.csv", undisturbed, "--url", service).status == 3
    assert (disk.path / "bad.ndjson").read_bytes() == undisturbed.read_bytes()


@pytest.mark.parametrize("what", ["output", "rejects"])
def test_a_read_only_disk_is_found_before_anything_is_sent(
    what: str, disk: Disk, source: Path, tmp_path: Path
) -> None:
    disk.mount("remount,ro")
    output, bad = tmp_path / "out.csv", tmp_path / "bad.ndjson"
    if what == "output":
        output = disk.path / "out.csv"
    else:
        bad = disk.path / "bad.ndjson"
    # There is no service at this address: it would be an error of another kind to look for it.
    failed = clean(source, output, bad, "--url", "http://127.0.0.1:9")
    assert failed.status == 1
    assert f"{disk.path}/" in failed.err
    assert "Read-only file system" in failed.err
    assert "can be written" in failed.err or "may write to" in failed.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["disk"]


def test_rejects_without_a_folder_are_found_before_anything_is_sent(source: Path, tmp_path: Path) -> None:
    bad = tmp_path / "missing" / "bad.ndjson"
    failed = clean(source, tmp_path / "out.csv", bad, "--url", "http://127.0.0.1:9")
    assert failed.status == 1
    assert f"{bad}: No such file or directory" in failed.err
    assert list(tmp_path.iterdir()) == []


def test_a_file_system_that_takes_no_large_files(service: str, source: Path, tmp_path: Path) -> None:
    """A limit on the size of files, of which no root is needed."""
    limited = subprocess.run(
        [
            *("/bin/sh", "-c", 'ulimit -f 200; exec "$@"', "sh"),  # in units of 512 or 1,024 bytes
            *(
                sys.executable,
                "-m",
                "asyncclean",
                "clean",
                source,
                "-o",
                tmp_path / "out.csv",
                "--url",
                service,
            ),
            *("--rejects", tmp_path / "bad.ndjson", "--workflow", "PassThrough", "--quiet"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert limited.returncode == 1
    assert f"{tmp_path / 'out.csv'}: File too large" in limited.stderr
    assert "Traceback" not in limited.stderr
    done = clean(source, tmp_path / "out.csv", tmp_path / "bad.ndjson", "--url", service)
    assert done.status == 3
    assert done.summary["blocks_resumed"] == done.summary["blocks"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.ndjson", "out.csv"]


@pytest.mark.parametrize("room", [500 << 10, 620 << 10], ids=["of the upload", "of the job"])
def test_an_embedded_service_without_room_says_so_and_goes_on_when_there_is(
    room: int, disk: Disk, tmp_path: Path
) -> None:
    source = write_input(tmp_path / "in.csv", 10_000)
    disk.leave(room)
    failed = clean(source, disk.path / "out.csv", tmp_path / "bad.ndjson")
    assert failed.status == 1
    assert "disk is full" in failed.err
    assert " has room" in failed.err
    disk.mount("remount,size=64m")
    done = clean(source, disk.path / "out.csv", tmp_path / "bad.ndjson")
    assert done.status == 3
    disk.free()
    assert disk.names() == ["out.csv"]
    assert clean(source, tmp_path / "out.csv", tmp_path / "other.ndjson").status == 3
    assert (disk.path / "out.csv").read_bytes() == (tmp_path / "out.csv").read_bytes()
