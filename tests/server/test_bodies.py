"""Bodies: compressed or plain, big, slow, damaged; each is read within bounds or refused with the reason."""

import gzip
import zlib
from typing import Any

import anyio
import orjson
import pytest
import zstandard

from asyncclean.server import bodies
from asyncclean.server.bodies import Body, Budget
from asyncclean.server.problems import Problem
from tests.server.conftest import Api, api

pytestmark = pytest.mark.anyio

BLOCK = orjson.dumps({"blockNumber": 1, "records": [{"name": "x" * 100}] * 10})
PACKERS: dict[str, Any] = {
    "gzip": gzip.compress,
    "zstd": zstandard.ZstdCompressor().compress,
    "deflate": zlib.compress,
}


async def patch(server: Api, data: bytes, **headers: str) -> tuple[int, str]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = await server.call("PATCH", "/Dataset/a/data", data=data, headers=named)
    return answer.status, answer.json["detail"] if answer.body else ""


@pytest.fixture
async def dataset(server: Api) -> Api:
    await server.done("POST", "/Dataset", {"name": "a", "columns": {"name": 0}})
    return server


@pytest.mark.parametrize("encoding", PACKERS)
async def test_compressed_bodies_are_taken_whole_or_not_at_all(dataset: Api, encoding: str) -> None:
    packed = PACKERS[encoding](BLOCK)
    json = {"Content_Type": "application/json", "Content_Encoding": encoding}
    assert (await patch(dataset, packed, **json))[0] == 204
    for damaged in (packed[:-6], packed[: len(packed) // 2], b"\x00" + packed, BLOCK):
        status, detail = await patch(dataset, damaged, **json)
        assert status == 400, (damaged, detail)
    assert (await dataset.done("GET", "/Dataset/a"))["recordCount"] == 10


@pytest.mark.parametrize("encoding", PACKERS)
def test_several_members_are_one_body(encoding: str) -> None:
    if encoding == "deflate":
        pytest.skip("deflate has no members")
    packed = PACKERS[encoding](b"one ") + PACKERS[encoding](b"two")
    assert Body(packed, encoding, 100).decoded() == b"one two"


def test_a_body_of_countless_members_is_refused() -> None:
    with pytest.raises(Problem, match="members"):
        Body(gzip.compress(b"") * 1_000_000, "gzip", 1_000_000).decoded()


@pytest.mark.parametrize("encoding", PACKERS)
async def test_a_bomb_is_refused_before_it_goes_off(encoding: str, tmp_path: Any) -> None:
    async with api(tmp_path / "data", workers=1, max_body=1_000_000) as server:
        await server.done("POST", "/Dataset", {"name": "a", "columns": {"name": 0}})
        bomb = PACKERS[encoding](b" " * 50_000_000)
        assert len(bomb) < 100_000
        status, detail = await patch(server, bomb, Content_Type="application/json", Content_Encoding=encoding)
        assert status == 413
        assert "1,000,000" in detail


async def test_what_it_is_not_or_not_known_is_unsupported(dataset: Api) -> None:
    assert (await patch(dataset, BLOCK, Content_Type="text/plain"))[0] == 415
    assert (await patch(dataset, BLOCK, Content_Type="text/html"))[0] == 415
    status, detail = await patch(dataset, BLOCK, Content_Type="application/json", Content_Encoding="br")
    assert status == 415
    assert "'br'" in detail
    assert (await patch(dataset, BLOCK, Content_Type="application/json; charset=utf-8"))[0] == 204


async def test_a_body_over_the_limit_is_refused_however_it_is_sent(tmp_path: Any) -> None:
    async with api(tmp_path / "data", workers=1, max_body=100_000) as server:
        await server.done("POST", "/Dataset", {"name": "a", "columns": {"name": 0}})
        big = BLOCK + b" " * 100_000

        async def chunks() -> Any:
            for start in range(0, len(big), 10_000):
                yield big[start : start + 10_000]

        for data in (big, chunks()):
            json = {"Content-Type": "application/json"}
            answer = await server.call("PATCH", "/Dataset/a/data", data=data, headers=json)
            assert answer.status == 413
        assert (await server.call("POST", "/Dataset", {"name": "b" * 100_000})).status == 413
        assert (await patch(server, BLOCK, Content_Type="application/json"))[0] == 204


async def test_a_body_that_comes_too_slowly_is_given_up(
    dataset: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "READ_IDLE_S", 0.05)
    forever = anyio.Event()

    async def stalls() -> Any:
        yield BLOCK[:50]
        await forever.wait()

    answer = await dataset.call(
        "PATCH", "/Dataset/a/data", data=stalls(), headers={"Content-Type": "application/json"}
    )
    assert answer.status == 408
    assert (await dataset.done("GET", "/Dataset/a"))["recordCount"] == 0


async def test_a_budget_is_shared_in_the_order_of_asking() -> None:
    budget = Budget(10)
    order: list[int] = []

    async def use(number: int, size: int, until: anyio.Event | None = None) -> None:
        async with budget.take(size):
            order.append(number)
            if until is not None:
                await until.wait()

    gate = anyio.Event()
    async with anyio.create_task_group() as tasks:
        for number, size in enumerate([6, 6, 4, 1, 99]):
            tasks.start_soon(use, number, size, gate if number == 0 else None)
            await anyio.wait_all_tasks_blocked()
        assert order == [0]
        gate.set()
    assert order == [0, 1, 2, 3, 4]
    assert budget.free == 10


async def test_those_who_stop_waiting_for_a_budget_let_others_by() -> None:
    budget = Budget(10)
    gate = anyio.Event()
    got: list[str] = []

    async def use(name: str, size: int) -> None:
        async with budget.take(size):
            got.append(name)
            await gate.wait()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(use, "first", 5)
        await anyio.wait_all_tasks_blocked()
        with anyio.CancelScope() as scope:
            async with anyio.create_task_group() as impatient:
                impatient.start_soon(use, "too big", 9)
                await anyio.wait_all_tasks_blocked()
                tasks.start_soon(use, "small", 3)
                await anyio.wait_all_tasks_blocked()
                scope.cancel()
        await anyio.wait_all_tasks_blocked()
        assert got == ["first", "small"]
        gate.set()
    assert budget.free == 10
