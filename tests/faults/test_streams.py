"""Standard streams that are closed, full, or read by nobody: the run is done all the same."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson
import pytest

from tests.cli.program import environment
from tests.faults.runs import write_input

RECORDS = 200


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    """A small main job that prints its summary."""
    source = write_input(tmp_path / "in.csv", RECORDS, bad=False)
    return [
        *(sys.executable, "-m", "asyncclean", "clean", str(source), "-o", str(tmp_path / "out.csv")),
        *("--workflow", "PassThrough", "--json"),
    ]


def in_shell(command: list[str], redirection: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        ["/bin/sh", "-c", f'exec "$@" {redirection}', "sh", *command],
        env=environment(),
        capture_output=True,
        timeout=60,
        check=False,
    )


def is_done(tmp_path: Path) -> bool:
    left = sorted(path.name for path in tmp_path.iterdir())
    return left == ["in.csv", "out.csv"] and (tmp_path / "out.csv").read_bytes().startswith(b"Customer ID,")


@contextmanager
def nobody_reads() -> Iterator[int]:
    """The end to write into of a pipe that nobody reads any more."""
    read, write = os.pipe()
    os.close(read)
    try:
        yield write
    finally:
        os.close(write)


def test_a_reader_of_the_summary_that_has_gone_is_no_failure(command: list[str], tmp_path: Path) -> None:
    with nobody_reads() as pipe:
        done = subprocess.run(
            command, env=environment(), stdout=pipe, stderr=subprocess.PIPE, timeout=60, check=False
        )
    assert done.returncode == 0
    assert b"rror" not in done.stderr
    assert is_done(tmp_path)


def test_nor_is_one_of_the_messages(command: list[str], tmp_path: Path) -> None:
    with nobody_reads() as pipe:
        done = subprocess.run(
            command, env=environment(), stdout=subprocess.PIPE, stderr=pipe, timeout=60, check=False
        )
    assert done.returncode == 0
    assert orjson.loads(done.stdout)["records_out"] == RECORDS
    assert is_done(tmp_path)


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", "<&- >&- 2>&-"])
def test_closed_streams_are_never_taken_for_files_of_the_run(
    closed: str, command: list[str], tmp_path: Path
) -> None:
    done = in_shell(command, closed)
    assert done.returncode == 0, done.stderr
    if closed in ("2>&-", "<&-"):
        assert orjson.loads(done.stdout)["records_out"] == RECORDS, "the summary, and nothing else"
    assert is_done(tmp_path)


def test_a_failure_keeps_its_exit_status_when_nobody_hears_of_it(command: list[str], tmp_path: Path) -> None:
    (tmp_path / "out.csv").write_bytes(b"in the way")
    for closed in ("2>&-", "2>/dev/full", ">&- 2>&-"):
        assert in_shell(command, closed).returncode == 1
    assert (tmp_path / "out.csv").read_bytes() == b"in the way"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_summary_that_cannot_be_written_is_an_error_though_all_is_done(
    command: list[str], tmp_path: Path
) -> None:
    done = in_shell(command, ">/dev/full")
    assert done.returncode == 1
    assert b"standard output: No space left on device" in done.stderr
    assert b"Traceback" not in done.stderr
    assert b"only its summary is lost" in done.stderr
    assert is_done(tmp_path)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_messages_that_cannot_be_written_cost_nothing(command: list[str], tmp_path: Path) -> None:
    done = in_shell(command, "2>/dev/full")
    assert done.returncode == 0
    assert orjson.loads(done.stdout)["records_out"] == RECORDS
    assert is_done(tmp_path)
