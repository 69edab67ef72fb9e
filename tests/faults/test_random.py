"""Hundreds of main jobs with a fault in every fifth request: every one ends exactly as an undisturbed one."""

from collections import Counter

import anyio
import pytest

from tests.faults.conftest import Undisturbed
from tests.faults.proxy import proxied
from tests.faults.runs import Outcome, clean, client, strict
from tests.faults.schedules import WEIGHTS, Randomly

pytestmark = pytest.mark.anyio

AT_A_TIME = 6


async def exact_runs(service: str, undisturbed: Undisturbed, seeds: range, rate: float) -> Counter[str]:
    """Run the main job once a seed; gives how often each kind of fault was met."""
    met: Counter[str] = Counter()
    turns = anyio.Semaphore(AT_A_TIME)

    async def one(seed: int) -> None:
        async with turns, proxied(service, Randomly(seed, rate), stricter=strict) as proxy:
            async with client(proxy.url) as opened:
                summary = await clean(opened, undisturbed.source, f"seed_{seed}")
            assert Outcome.of(summary) == undisturbed.outcome, f"seed {seed}"
            assert (await left_over(service, f"seed_{seed}")) == [], f"seed {seed}"
            met.update(proxy.faults)

    async with anyio.create_task_group() as tasks:
        for seed in seeds:
            tasks.start_soon(one, seed)
    return met


async def left_over(service: str, name: str) -> list[str]:
    """Datasets and jobs of a run beyond those it must have: one input and one job."""
    async with client(service) as opened:
        held = await opened.datasets.get(f"data_{name}")
        assert held.completed
        jobs = [job.name for job in await opened.jobs.list() if job.name == f"job {name}"]
    return [] if len(jobs) == 1 else jobs


@pytest.mark.timeout(300)
async def test_runs_at_twenty_percent_are_exact(service: str, undisturbed: Undisturbed) -> None:
    met = await exact_runs(service, undisturbed, range(200), 0.2)
    assert set(met) == set(WEIGHTS), "every kind of fault was met"


@pytest.mark.long
@pytest.mark.timeout(3600)
async def test_thousands_of_runs_are_exact(service: str, undisturbed: Undisturbed) -> None:
    await exact_runs(service, undisturbed, range(10_000, 13_000), 0.2)
