"""The server killed at any moment: it comes back with all that it acknowledged, and nothing by halves."""

import random
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

import aiohttp
import anyio
import pytest

from tests.server.conftest import Api
from tests.server.process import Server, is_alive, serving, wait_for_the_end_of

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for processes in /proc"),
]

BLOCKS = 24
SENDERS = 8
SEEDS = [0, *(pytest.param(seed, marks=pytest.mark.long) for seed in range(1, 15))]


@asynccontextmanager
async def killable(data: Path) -> AsyncIterator[tuple[Api, Server]]:
    with serving(data) as server:
        async with aiohttp.ClientSession() as session:
            yield Api(server.url, session), server


def block(number: int, version: int) -> list[dict[str, Any]]:
    """A block's records in one of its versions: so many, and all alike."""
    return [{"number": number, "version": version, "text": f"{version} " * 40}] * (version * 7 % 60 + 1)


async def upload_until_killed(api: Api, server: Server, acknowledged: dict[int, int], after: int) -> None:
    """Send ever newer versions of blocks from several senders; kill after so many were acknowledged."""
    count = 0

    async def send(numbers: range) -> None:
        nonlocal count
        while True:
            for number in numbers:
                version = acknowledged[number] + 1
                try:
                    answer = await api.put_block("a", number, block(number, version))
                except aiohttp.ClientError:
                    return
                assert answer.status == 204
                acknowledged[number] = version
                count += 1
                if count == after:
                    server.kill()

    async with anyio.create_task_group() as tasks:
        for first in range(SENDERS):
            tasks.start_soon(send, range(first, BLOCKS, SENDERS))


@pytest.mark.parametrize("seed", SEEDS)
async def test_every_acknowledged_block_is_there_and_every_block_whole(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    acknowledged: dict[int, int] = defaultdict(int)
    data = tmp_path / "data"
    for kill in range(3):
        async with killable(data) as (api, server):
            if kill == 0:
                columns = {"number": 1, "version": 1, "text": 0}
                await api.done("POST", "/Dataset", {"name": "a", "columns": columns})
            await upload_until_killed(api, server, acknowledged, after=chance.randrange(1, 150))
    async with killable(data) as (api, _):
        count = (await api.done("GET", "/Dataset/a"))["recordCount"]
        await api.done("PUT", "/Dataset/a", {"recordCount": count, "completed": True})
        await api.start("j", "a")
        records = await api.records((await api.end_of("j"))["outputDatasets"]["Contacts"])
    assert len(records) == count
    found = {number: list(group) for number, group in groupby(records, key=lambda record: record["number"])}
    assert list(found) == sorted(found)
    for number, version in acknowledged.items():
        # The one that was under way when the server was killed may have made it too.
        assert found[number] in (block(number, version), block(number, version + 1))


def far_enough(job: Any, percent: float) -> bool:
    return bool(job["status"] == 2 or job["percentComplete"] >= percent)


@pytest.mark.parametrize("seed", SEEDS)
async def test_a_job_killed_on_its_way_gives_the_same_output(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    data = tmp_path / "data"
    records = [{"name": f"person {number}"} for number in range(20_000)]
    async with killable(data) as (api, _):
        blocks = [records[start : start + 777] for start in range(0, len(records), 777)]
        await api.dataset("a", *blocks, columns={"name": 0})
        await api.start("j", "a", "Upper")
    for _ in range(2):
        async with killable(data) as (api, server):
            await api.job_when("j", partial(far_enough, percent=chance.uniform(0, 100)))
            server.kill()
    async with killable(data) as (api, _):
        job = await api.end_of("j")
        assert job["statistics"] == {"records": 20_000, "changed": 20_000}
        assert [one["name"] for one in await api.done("GET", "/Dataset")] == ["a", "j_out"]
        output = await api.records("j_out")
    assert output == [{"name": record["name"].upper(), "changed": True} for record in records]


async def test_workers_do_not_outlive_a_killed_server(tmp_path: Path) -> None:
    async with killable(tmp_path / "data") as (api, server):
        await api.dataset("a", *[[{"name": "x"}]] * 8, columns={"name": 0})
        await api.start("j", "a", "Stuck", until=str(tmp_path / "never"))
        while len(children := server.children()) < 2:
            await anyio.lowlevel.checkpoint()
        server.kill()
    await anyio.to_thread.run_sync(wait_for_the_end_of, children)


async def test_ctrl_c_ends_server_and_workers_without_a_word(tmp_path: Path) -> None:
    async with killable(tmp_path / "data") as (api, server):
        await api.dataset("a", *[[{"name": "x"}]] * 8, columns={"name": 0})
        await api.start("j", "a", "Stuck", until=str(tmp_path / "never"))
        while len(children := server.children()) < 2:
            await anyio.lowlevel.checkpoint()
        said = await anyio.to_thread.run_sync(server.interrupt)
    assert said == ""
    assert not any(is_alive(pid) for pid in children)
