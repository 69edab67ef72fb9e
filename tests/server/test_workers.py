"""Worker processes: kept warm while there is work, ended when there is none."""

import anyio
import pytest

from asyncclean.server import workers
from asyncclean.server.lines import pack
from asyncclean.server.stage import Plan
from asyncclean.server.workers import Workers, WorkflowCrashed
from asyncclean.workflows.base import WorkflowError
from tests.server.process import is_alive
from tests.server.workflows import Broken, Upper

pytestmark = pytest.mark.anyio

BLOCK = pack(b'{"name":"x"}\n{"name":"y"}')
PLAN = Plan(Upper, {"name": "text"}, {})


def pids(pool: Workers) -> set[int]:
    return {worker.process.pid for worker in pool._all}


async def test_a_warm_worker_serves_job_after_job() -> None:
    pool = Workers(2)
    try:
        for job in range(6):
            cleansed = await pool.cleanse(job, PLAN, BLOCK)
            assert (cleansed.output.records, cleansed.counts["changed"]) == (2, 2)
        assert len(pids(pool)) == 1
        with pytest.raises(WorkflowCrashed, match="one by none"):
            await pool.cleanse(8, Plan(Broken, PLAN.kinds, {}), BLOCK)
        with pytest.raises(WorkflowError, match="not to my liking"):
            await pool.cleanse(9, Plan(Broken, PLAN.kinds, {"politely": "yes"}), BLOCK)
        assert len(pids(pool)) == 1
    finally:
        await pool.close()
    assert not pids(pool)


async def test_there_are_as_many_workers_as_needed_and_none_without_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(workers, "IDLE_S", 0.05)
    pool = Workers(2)
    async with anyio.create_task_group() as tasks:
        for job in range(5):
            tasks.start_soon(pool.cleanse, job, PLAN, BLOCK)
    started = pids(pool)
    assert len(started) == 2
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(pool.end_idle_ones)
        while pool.warm or any(is_alive(pid) for pid in started):
            await anyio.lowlevel.checkpoint()
        tasks.cancel_scope.cancel()
    assert (await pool.cleanse(7, PLAN, BLOCK)).output.records == 2
    await pool.close()


async def test_a_cancelled_block_costs_its_worker_and_leaves_none_behind() -> None:
    pool = Workers(1)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(pool.cleanse, 1, PLAN, BLOCK)
        while not pids(pool):
            await anyio.lowlevel.checkpoint()
        started = pids(pool)
        tasks.cancel_scope.cancel()
    assert not any(is_alive(pid) for pid in started)
    assert (await pool.cleanse(2, PLAN, BLOCK)).output.records == 2
    await pool.close()
