"""The real server for all fault tests: in this process, behind credentials, one for the whole session."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from asyncclean.server.embedded import running
from tests.faults.proxy import proxied
from tests.faults.runs import Outcome, clean, client, strict, write_input


@pytest.fixture(scope="session")
async def service(anyio_backend: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """The URL of a server."""
    data = tmp_path_factory.mktemp("service") / "data"
    async with running(data, credentials={"me": "s&e+c/r%et"}, workers=1) as url:
        yield url


@dataclass(frozen=True, slots=True)
class Undisturbed:
    """An input, and what a run over it leaves when nothing goes wrong."""

    source: Path
    outcome: Outcome


@pytest.fixture(scope="session")
async def undisturbed(service: str, tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    """What all runs with faults are held against."""
    source = write_input(tmp_path_factory.mktemp("undisturbed") / "in.csv")
    async with proxied(service, stricter=strict) as proxy, client(proxy.url) as opened:
        outcome = Outcome.of(await clean(opened, source, "undisturbed"))
    assert outcome.records_in == 2500
    assert outcome.records_out == 2500 - len(outcome.rejects)
    assert len(outcome.rejects) == 2500 // 401 + 2500 // 577
    return Undisturbed(source, outcome)
