"""The real program, killed at any instant and run again, leaves what an undisturbed one does."""

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.program import environment
from tests.faults.kills import serving, trials
from tests.faults.runs import write_input

pytestmark = pytest.mark.anyio


@pytest.mark.timeout(300)
async def test_a_run_that_is_killed_anywhere_ends_as_if_nothing_had_happened(tmp_path: Path) -> None:
    with serving(tmp_path / "served") as service:
        tally = await trials(
            "served", 20, records=5000, seed=7, at_a_time=3, folder=tmp_path, service=service
        )
    assert tally.wrong == []
    assert tally.identical == tally.trials


@pytest.mark.timeout(300)
async def test_so_does_one_whose_service_is_killed_with_it(tmp_path: Path) -> None:
    tally = await trials("embedded", 8, records=5000, seed=8, at_a_time=2, folder=tmp_path, service="")
    assert tally.wrong == []
    assert tally.identical == tally.trials


@pytest.mark.timeout(300)
def test_a_command_over_several_files_that_is_killed_does_only_what_is_left(tmp_path: Path) -> None:
    names = [f"{letter}.csv" for letter in "abcde"]
    for place, name in enumerate(names, 1):
        write_input(tmp_path / name, 1000 * place, bad=False)
    command = [sys.executable, "-m", "asyncclean", "clean", *names, "--workflow", "PassThrough", "--quiet"]

    def run(folder: str, seconds: float | None) -> int | None:
        process = subprocess.Popen([*command, "--out-dir", folder], cwd=tmp_path, env=environment())
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            return None

    begun = time.monotonic()
    assert run("undisturbed", None) == 0
    whole = time.monotonic() - begun
    draw = random.Random(9)
    for trial in range(5):
        folder = f"killed_{trial}"
        done: dict[Path, int] = {}
        while (status := run(folder, draw.uniform(0.3, 1.0) * whole)) is None:
            for path, inode in done.items():
                assert path.stat().st_ino == inode, "it was done a second time"
            done = {path: path.stat().st_ino for path in (tmp_path / folder).glob("?.csv")}
        # Killed after its last act, it has no more to do: all that it made is there already.
        assert status == 0 or len(done) == len(names)
        assert sorted(path.name for path in (tmp_path / folder).iterdir()) == names
        for name in names:
            output = (tmp_path / folder / name).read_bytes()
            assert output == (tmp_path / "undisturbed" / name).read_bytes()


@pytest.mark.long
@pytest.mark.timeout(7200)
async def test_a_thousand_kills(tmp_path: Path) -> None:
    with serving(tmp_path / "served") as service:
        tally = await trials(
            "served", 1000, records=50_000, seed=1, at_a_time=2, folder=tmp_path, service=service
        )
    assert tally.wrong == []
    assert tally.kills >= 1000
