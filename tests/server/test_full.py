"""A store that cannot be written for a while: jobs fail and say so, and that is kept once it can be."""

import sqlite3
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import anyio
import pytest

from asyncclean.kinds import ColumnKind
from asyncclean.server import dataset_rows, job_rows, jobs
from asyncclean.server.job_rows import FAILED, JobRow, NewJob
from asyncclean.server.jobs import Jobs
from asyncclean.server.problems import Problem
from asyncclean.server.store import Store
from asyncclean.server.workers import Workers

pytestmark = pytest.mark.anyio


@dataclass(slots=True)
class Disk:
    """Lets the store be written or not, from its writing thread, after each write that it tries."""

    store: Store = field(init=False)
    locked: bool = False

    def __call__(self, db: sqlite3.Connection) -> bool:
        db.execute(f"PRAGMA query_only = {int(self.locked)}")
        return False

    async def lock(self) -> None:
        self.locked = True
        while True:
            try:
                await self.store.write(job_rows.recover)
            except Problem:
                return

    async def job(self, name: str) -> None:
        make = partial(job_rows.create, job=NewJob(name, "PassThrough", {"Contacts": "a"}, {}, ""))
        await self.store.write(make)


@pytest.fixture
async def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Disk]:
    monkeypatch.setattr(jobs, "PAUSE_S", 0.01)
    disk = Disk()
    store = disk.store = Store(tmp_path, tidy=disk)
    await store.open()
    await store.write(partial(dataset_rows.create, name="a", kinds={"x": "text"}))
    await store.write(partial(dataset_rows.complete, name="a", record_count=0))
    yield disk
    await store.close()


@asynccontextmanager
async def at_work(store: Store) -> AsyncIterator[Jobs]:
    working = Jobs(store, Workers(1), at_once=2)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(working.run)
        yield working
        tasks.cancel_scope.cancel()


async def until_failed(store: Store, name: str, working: Jobs | None = None) -> JobRow:
    """The job once it has failed: as ``working`` tells it, or as it is kept."""
    while True:
        job = await store.read(partial(job_rows.get, name=name))
        if (working.now(job) if working else job).status == FAILED:
            return working.now(job) if working else job
        await anyio.sleep(0.005)


async def test_jobs_that_cannot_begin_fail_and_that_is_kept_later(disk: Disk) -> None:
    for name in "ijk":
        await disk.job(name)
    await disk.lock()
    async with at_work(disk.store) as working:
        told = [await until_failed(disk.store, name, working) for name in "ijk"]
        assert all("See that its disk has room" in job.statistics["error"] for job in told)
        assert (await disk.store.read(partial(job_rows.get, name="i"))).status != FAILED
        disk.locked = False
        assert [await until_failed(disk.store, name) for name in "ijk"] == told


async def test_a_job_in_the_midst_of_which_the_disk_is_full_fails(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin = job_rows.begin_output

    def fills(db: sqlite3.Connection, job: int, kinds: Mapping[str, ColumnKind]) -> int | None:
        disk.locked = True
        return begin(db, job, kinds)

    monkeypatch.setattr(job_rows, "begin_output", fills)
    await disk.job("j")
    async with at_work(disk.store) as working:
        told = await until_failed(disk.store, "j", working)
        assert "cannot be written" in told.statistics["error"]
        disk.locked = False
        assert await until_failed(disk.store, "j") == told
    async with at_work(disk.store) as working:
        monkeypatch.undo()
        await disk.job("k")
        while (await disk.store.read(partial(job_rows.get, name="k"))).completed is None:  # noqa: ASYNC110
            await anyio.sleep(0.005)  # there is nothing else to wait for
