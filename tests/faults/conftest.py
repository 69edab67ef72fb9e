"""The real server for all fault tests: in this process, behind credentials, one for the whole session."""

from collections.abc import AsyncIterator

import pytest

from asyncclean.server.embedded import running
from tests.faults.exact import CREDENTIALS, Undisturbed
from tests.faults.runs import RECORDS, write_input


@pytest.fixture(scope="session")
async def service(anyio_backend: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """The URL of a server."""
    data = tmp_path_factory.mktemp("service") / "data"
    async with running(data, credentials=CREDENTIALS, workers=1) as url:
        yield url


@pytest.fixture(scope="session")
async def undisturbed(service: str, tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    """What all runs with faults are held against."""
    found = await Undisturbed.over(
        write_input(tmp_path_factory.mktemp("undisturbed") / "in.csv", RECORDS), service
    )
    rejects = RECORDS // 401 + RECORDS // 577
    assert found.outcome.records_in == RECORDS
    assert found.outcome.records_out == RECORDS - rejects
    assert len(found.outcome.rejects) == rejects
    return found
