"""A data directory: one holder at a time, whatever is removed beneath it; what is in use stays."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from asyncclean.server.embedded import running
from asyncclean.server.folder import LOCK, discard, hold, is_in_use

pytestmark = pytest.mark.anyio


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def test_a_directory_in_use_stays_and_goes_afterwards(tmp_path: Path) -> None:
    data = tmp_path / "data"
    async with running(data, workers=1):
        before = names(data)
        assert is_in_use(data)
        assert not discard(data)
        assert names(data) == before
    assert not is_in_use(data)
    assert data.is_dir()
    assert discard(data)
    assert not data.exists()
    assert discard(data)


async def test_a_directory_with_more_in_it_stays(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "thesis.txt").write_text("precious")
    assert not discard(tmp_path / "data")
    assert (tmp_path / "data" / "thesis.txt").exists()


async def test_looking_whether_a_directory_is_in_use_makes_nothing(tmp_path: Path) -> None:
    assert not is_in_use(tmp_path)
    assert not is_in_use(tmp_path / "none")
    assert names(tmp_path) == []


async def test_nobody_holds_what_another_holds_or_has_removed(tmp_path: Path) -> None:
    """Those who begin and those who tidy up, all at once."""
    data = tmp_path / "data"

    def begin(_: int) -> int:
        try:
            data.mkdir(exist_ok=True)
            lock = hold(data)
        except (BlockingIOError, FileNotFoundError, FileExistsError):
            return 0
        mine = data / f"{lock}"
        mine.touch(exist_ok=False)
        assert not discard(data)
        assert names(data) == sorted([LOCK, mine.name])
        mine.unlink()
        os.close(lock)
        return 1

    with ThreadPoolExecutor(4) as threads:
        held = threads.map(begin, range(2000))
        removed = list(threads.map(lambda _: discard(data), range(2000)))
    assert sum(held) > 0
    assert any(removed)


async def test_a_server_begins_though_its_directory_is_removed_meanwhile(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with ThreadPoolExecutor(1) as threads:
        removing = threads.submit(lambda: [discard(data) for _ in range(3000)])
        while not removing.done():
            async with running(data, workers=1):
                assert not discard(data)
                assert (data / LOCK).exists()
