"""Hundreds of main jobs with a fault in every fifth request: every one ends exactly as an undisturbed one."""

import pytest

from tests.faults.exact import Undisturbed, exact_runs
from tests.faults.schedules import WEIGHTS

pytestmark = pytest.mark.anyio


@pytest.mark.timeout(300)
async def test_runs_at_twenty_percent_are_exact(service: str, undisturbed: Undisturbed) -> None:
    met = await exact_runs(service, undisturbed, range(200), 0.2)
    assert WEIGHTS.keys() <= met.keys(), "every kind of fault was met"


@pytest.mark.long
@pytest.mark.timeout(3600)
async def test_thousands_of_runs_are_exact(service: str, undisturbed: Undisturbed) -> None:
    await exact_runs(service, undisturbed, range(10_000, 13_000), 0.2)
