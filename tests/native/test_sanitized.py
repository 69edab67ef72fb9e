"""No data makes the compiled code read or write where it must not, or compute what has no meaning."""

import os
import platform
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from asyncclean import native

SOURCES = Path(native.__file__).parent
ROUNDS = 100_000
STEPS = (16, 8, 1) if platform.machine() == "x86_64" else (8, 1)
"""How many bytes are looked at together: what text.h knows of."""


@pytest.mark.parametrize("step", STEPS)
def test_broken_data_does_no_harm(tmp_path: Path, step: int) -> None:
    compiler = shutil.which("gcc")
    if compiler is None:
        pytest.skip("there is no gcc")
    runtime = subprocess.check_output([compiler, "-print-file-name=libasan.so"], text=True).strip()
    sanitized = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-O1", "-g", "-fPIC", "-shared"]
    strict = ["-std=c11", "-Wall", "-Wextra", "-Wconversion", "-Werror"]
    include = f"-I{sysconfig.get_path('include')}"
    target = str(tmp_path / "_transcode.abi3.so")
    sources = map(str, sorted(SOURCES.glob("*.c")))
    built = subprocess.run(
        [compiler, *sanitized, *strict, f"-DSTEP={step}", include, *sources, "-o", target],
        check=False,
        capture_output=True,
        text=True,
    )
    if built.returncode and ("Python.h" in built.stderr or "asan" in built.stderr):
        pytest.skip(f"gcc cannot build it here: {built.stderr.splitlines()[0]}")
    assert built.returncode == 0, built.stderr
    # CPython keeps some memory to its end, and is no concern of this.
    environment = os.environ | {
        "LD_PRELOAD": runtime,
        "ASAN_OPTIONS": "detect_leaks=0",
        "PYTHONMALLOC": "malloc",
    }
    command = [sys.executable, "-m", "tests.native.fuzz", str(tmp_path), str(ROUNDS), "1"]
    ran = subprocess.run(command, check=False, env=environment, capture_output=True, text=True, timeout=110)
    assert ran.returncode == 0, ran.stderr
    assert "0 times taken" not in ran.stdout
