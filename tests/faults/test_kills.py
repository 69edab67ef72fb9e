"""The real program, killed at any instant and run again, leaves what an undisturbed one does."""

from pathlib import Path

import pytest

from tests.faults.kills import serving, trials

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


@pytest.mark.long
@pytest.mark.timeout(7200)
async def test_a_thousand_kills(tmp_path: Path) -> None:
    with serving(tmp_path / "served") as service:
        tally = await trials(
            "served", 1000, records=50_000, seed=1, at_a_time=2, folder=tmp_path, service=service
        )
    assert tally.wrong == []
    assert tally.kills >= 1000
