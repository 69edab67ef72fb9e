"""Measuring real processes."""

import contextlib
import os
import select
import sys
from pathlib import Path

import pytest

from benchmarks.measure import CommandFailed, measure


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_the_last_line_of_json_is_what_the_command_told(tmp_path: Path) -> None:
    measured = measure(python("print('hello'); print('{\"records\": 3}')"), cwd=tmp_path)
    assert measured.told == {"records": 3}
    assert measured.wall > 0


def test_the_peak_is_the_command_s_own(tmp_path: Path) -> None:
    small = measure(python("import time; time.sleep(0.2)"), cwd=tmp_path)
    held = python("import time; held = b'x' * 100_000_000; time.sleep(0.2)")
    assert measure(held, cwd=tmp_path).peak_mb > small.peak_mb + 90


def test_children_count_for_the_family(tmp_path: Path) -> None:
    child = "import time; held = b'x' * 100_000_000; time.sleep(0.3)"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    measured = measure(python(parent), cwd=tmp_path)
    if not measured.memory:
        pytest.skip("no /proc to look into")
    assert measured.family_mb > measured.peak_mb + 5


def test_a_failure_quotes_what_was_said(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed, match=r"exit status 1\n(.|\n)*no such thing"):
        measure(python("raise SystemExit('no such thing')"), cwd=tmp_path)


@pytest.mark.skipif(sys.platform != "linux", reason="awaits the end of a grandchild with a pidfd")
def test_what_takes_too_long_is_ended_with_its_children(tmp_path: Path) -> None:
    child = "import os, time; open('pid', 'w').write(str(os.getpid())); print(flush=True); time.sleep(600)"
    parent = (
        "import subprocess, sys; "
        f"subprocess.Popen([sys.executable, '-c', {child!r}], stdout=subprocess.PIPE).stdout.readline(); "
        "open('ready', 'w').close(); import time; time.sleep(600)"
    )
    with pytest.raises(CommandFailed, match="still running"):
        measure(python(parent), cwd=tmp_path, timeout=3.0)
    if not (tmp_path / "ready").exists():
        pytest.skip("the machine was too slow to start two processes")
    with contextlib.suppress(ProcessLookupError):  # gone and reaped already
        ended = os.pidfd_open(int((tmp_path / "pid").read_text()))
        assert select.select([ended], [], [], 60)[0]
        os.close(ended)
