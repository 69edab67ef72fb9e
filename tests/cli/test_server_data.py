"""The embedded server's data beside an output: there as long as a run needs it, listed and removed after."""

from pathlib import Path

import pytest

from asyncclean.cli.server_data import kept, left_behind, server_folder, shared_server_folder, tidy
from asyncclean.local import serving
from tests.cli.program import asyncclean

pytestmark = pytest.mark.anyio


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def leave(output: Path) -> Path:
    """As a run that is killed in its very last act does: all is done but for this."""
    data = server_folder(output)
    async with serving(data, workers=1):
        pass
    assert data.is_dir()
    return data


async def test_what_a_killed_run_left_is_listed_and_forgotten(tmp_path: Path) -> None:
    data = await leave(tmp_path / "out.csv")
    listed = asyncclean("runs", cwd=tmp_path)
    assert "asyncclean runs forget out.csv" in listed.out
    assert data.is_dir()
    assert asyncclean("runs", "--json", cwd=tmp_path).summary["state"] == "over"
    forgotten = asyncclean("runs", "forget", "out.csv", cwd=tmp_path)
    assert forgotten.status == 0, forgotten.err
    assert names(tmp_path) == []
    assert "No unfinished runs" in asyncclean("runs", cwd=tmp_path).err


async def test_the_next_run_removes_what_a_killed_one_left(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("id,name\n1,Ada\n")
    (tmp_path / "out.csv").write_text("the killed run's\n")
    await leave(tmp_path / "out.csv")
    said = asyncclean("clean", "in.csv", "-o", "out.csv", cwd=tmp_path)
    assert said.status != 0  # it is there already
    assert names(tmp_path) == ["in.csv", "out.csv"]


async def test_a_folder_in_use_is_neither_listed_nor_removed(tmp_path: Path) -> None:
    data = server_folder(tmp_path / "out.csv")
    async with serving(data, workers=1):
        assert list(left_behind(tmp_path)) == []
        forgotten = asyncclean("runs", "forget", "out.csv", cwd=tmp_path)
        assert forgotten.status == 2
        assert str(data.name) in forgotten.err
        assert not tidy(data)
        assert (data / "store.sqlite").exists()


async def test_an_unfinished_run_keeps_its_server_s_data(tmp_path: Path) -> None:
    data = await leave(tmp_path / "out.csv")
    journal = tmp_path / "out.csv.asyncclean"
    journal.touch()
    with kept(data):
        assert data.is_dir()
    assert list(left_behind(tmp_path)) == []
    journal.unlink()
    assert list(left_behind(tmp_path)) == [data]
    with kept(data):
        assert not data.exists()


async def test_the_data_of_several_runs_stays_until_the_last_is_done(tmp_path: Path) -> None:
    data = await leave(tmp_path / "clean")
    assert data == shared_server_folder(tmp_path)
    (tmp_path / "january.csv.asyncclean").touch()
    (tmp_path / "february.csv.asyncclean").touch()
    # A run of other files into the same folder.
    with kept(data):
        assert data.is_dir()
    assert asyncclean("runs", "forget", "january.csv", cwd=tmp_path).status == 0
    assert data.is_dir()
    assert asyncclean("runs", "forget", "february.csv", cwd=tmp_path).status == 0
    assert names(tmp_path) == []
