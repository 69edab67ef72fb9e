"""The store: checked on start, one server's alone; a write that fails leaves its neighbours in peace."""

import os
import sqlite3
import stat
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from functools import partial
from pathlib import Path

import anyio
import pytest

from asyncclean.errors import AsynccleanError, InputError, OutputError, UsageError
from asyncclean.server import dataset_rows
from asyncclean.server.block import Block
from asyncclean.server.problems import Problem
from asyncclean.server.store import DATABASE, VERSION, Store

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def opened(directory: Path) -> AsyncIterator[Store]:
    store = Store(directory, tidy=dataset_rows.tidy)
    await store.open()
    try:
        yield store
    finally:
        await store.close()


async def refusal(directory: Path, kind: type[AsynccleanError]) -> str:
    with pytest.raises(kind) as caught:
        async with opened(directory):
            pass
    assert str(directory) in str(caught.value)
    assert caught.value.hint
    return str(caught.value)


def _names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def _modes(folder: Path) -> list[int]:
    return [stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.iterdir())]


@pytest.fixture
async def closed(tmp_path: Path) -> Path:
    """A store with a dataset of some blocks, and nobody using it."""
    async with opened(tmp_path / "data") as store:
        await store.write(partial(dataset_rows.create, name="a", kinds={"x": "text"}))
        for number in range(100):
            block = Block(number, 10, os.urandom(20_000))
            await store.write(partial(dataset_rows.put_block, name="a", block=block))
    return tmp_path / "data"


async def test_only_its_owner_can_read_it(closed: Path) -> None:
    async with opened(closed) as store:
        await store.read(partial(dataset_rows.get, name="a"))
        folder, *modes = _modes(closed)
    assert folder == 0o700
    assert modes == [0o600] * 4  # the lock, the database, and the two files beside it


async def test_a_second_server_on_the_directory_is_refused(closed: Path) -> None:
    async with opened(closed):
        assert "Another server is using" in await refusal(closed, UsageError)
    async with opened(closed):
        pass


async def test_a_directory_of_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("precious")
    assert "thesis.txt" in await refusal(tmp_path, UsageError)
    assert _names(tmp_path) == ["thesis.txt"]


async def test_a_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / DATABASE)) as other:
        other.execute("CREATE TABLE precious (x)")
        other.commit()
    assert "not a store" in await refusal(tmp_path, UsageError)


async def test_a_store_of_another_version_is_not_touched(closed: Path) -> None:
    with closing(sqlite3.connect(closed / DATABASE)) as db:
        db.execute(f"PRAGMA user_version = {VERSION + 1}")
    said = await refusal(closed, InputError)
    assert f"version {VERSION + 1}" in said
    assert f"version {VERSION}" in said


def overwrite(path: Path, offset: int, junk: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(junk)


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: overwrite(path, 0, b"not a database, not at all"),
        lambda path: overwrite(path, 3 * 8192, b"\xff" * 8192),
        lambda path: os.truncate(path, path.stat().st_size // 2),
        lambda path: path.write_bytes(b"<html>"),
    ],
    ids=["head", "page", "half", "other"],
)
async def test_a_damaged_store_is_not_served(closed: Path, damage: Callable[[Path], object]) -> None:
    damage(closed / DATABASE)
    assert DATABASE in await refusal(closed, InputError)


async def test_a_start_that_was_killed_early_leaves_nothing_in_the_way(tmp_path: Path) -> None:
    (tmp_path / f"{DATABASE}.new").write_bytes(b"half a sto")
    (tmp_path / "lock").touch()
    async with opened(tmp_path) as store:
        await store.write(partial(dataset_rows.create, name="a", kinds={"x": "text"}))


async def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    await refusal(tmp_path / "file", OutputError)


async def test_writes_that_fail_leave_no_trace_and_hurt_no_others(tmp_path: Path) -> None:
    async with opened(tmp_path / "data") as store:
        outcomes: dict[int, str] = {}

        async def create(number: int) -> None:
            def action(db: sqlite3.Connection) -> None:
                dataset_rows.create(db, f"d{number}", {"x": "text"})
                if number % 3 == 0:
                    raise Problem(400, "no")
                if number % 3 == 1:
                    db.execute("INSERT INTO datasets (id, columns, input) VALUES (1, '{}', 1)")

            try:
                await store.write(action)
                outcomes[number] = "kept"
            except (Problem, sqlite3.IntegrityError) as error:
                outcomes[number] = type(error).__name__

        await store.write(partial(dataset_rows.create, name="first", kinds={"x": "text"}))
        async with anyio.create_task_group() as tasks:
            for number in range(90):
                tasks.start_soon(create, number)
        kept = await store.read(partial(dataset_rows.listed, page=1, inputs=True, outputs=True))
    assert {name for name, _ in kept} == {"first", *(f"d{number}" for number in range(2, 90, 3))}
    assert [outcomes[number] for number in range(3)] == ["Problem", "IntegrityError", "kept"]


async def test_a_full_disk_is_told_and_what_was_kept_stays(tmp_path: Path) -> None:
    async with opened(tmp_path / "data") as store:
        await store.write(partial(dataset_rows.create, name="a", kinds={"x": "text"}))
        await store.write(partial(dataset_rows.put_block, name="a", block=Block(1, 1, b"one")))
        pages = await store.read(lambda db: db.execute("PRAGMA page_count").fetchone()[0])
        await store.write(lambda db: db.execute(f"PRAGMA max_page_count = {pages + 2}").fetchone())
        block = Block(1, 2, os.urandom(1_000_000))
        with pytest.raises(Problem, match="full") as caught:
            await store.write(partial(dataset_rows.put_block, name="a", block=block))
        assert caught.value.status == 507
        assert (await store.read(partial(dataset_rows.get, name="a"))).records == 1
        await store.write(partial(dataset_rows.put_block, name="a", block=Block(2, 1, b"small")))
        assert (await store.read(partial(dataset_rows.get, name="a"))).records == 2


async def test_a_removed_datasets_blocks_go_and_their_space_is_given_back(closed: Path) -> None:
    async with opened(closed) as store:
        for number in range(1000):
            block = Block(number, 10, os.urandom(10_000))
            await store.write(partial(dataset_rows.put_block, name="a", block=block))
    before = (closed / DATABASE).stat().st_size
    async with opened(closed) as store:
        await store.write(partial(dataset_rows.delete, name="a"))
        while not await store.read(_is_tidy):
            pass
    assert before > 10_000_000
    assert (closed / DATABASE).stat().st_size < before / 2


def _is_tidy(db: sqlite3.Connection) -> bool:
    left = db.execute("SELECT (SELECT count(*) FROM doomed) + (SELECT count(*) FROM blocks)").fetchone()[0]
    free = db.execute("PRAGMA freelist_count").fetchone()[0]
    return bool(left == 0 and free <= dataset_rows.SWEEP)
