"""A service is measured level by level, in however little time."""

import pytest

from asyncclean import Client

pytestmark = pytest.mark.anyio


async def test_every_level_has_a_block_at_least() -> None:
    async with Client() as client:
        measured = await client.measure(seconds=1e-9, records=10, levels=(1, 2))
        assert await client.datasets.list() == []
    assert [level.blocks >= 1 for level in measured.levels] == [True, True]
    assert all(level.latency(0.5) > 0 for level in measured.levels)
    assert measured.as_dict()["best_concurrency"] in (1, 2)
