"""The real server, in this process, for what is tested with one."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from asyncclean import Client, RetryPolicy
from asyncclean.api.connection import Connection
from asyncclean.api.datasets import Datasets
from asyncclean.api.models import Dataset, JobRequest
from asyncclean.api.pacing import Limiter
from asyncclean.server.embedded import running

QUICK = RetryPolicy(attempts=100_000, base_s=0.001, throttled_base_s=0.001, cap_s=0.01, spread_s=0.001)


@pytest.fixture(scope="session")
async def service(anyio_backend: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """The URL of an open server."""
    async with running(tmp_path_factory.mktemp("service") / "data", workers=1) as url:
        yield url


@dataclass(frozen=True, slots=True)
class Wire:
    """What an upload or a download needs of the outside."""

    datasets: Datasets
    limiter: Limiter


@asynccontextmanager
async def wired(url: str, *, at_once: int = 8) -> AsyncIterator[Wire]:
    """A connection to a service, with a fixed limit on requests in flight."""
    async with Connection(url, retry=QUICK) as connection:
        yield Wire(Datasets(connection), Limiter(fixed=at_once))


RECORDS = 12_345


def write_numbers(path: Path, records: int) -> Path:
    """A CSV file of some 40 bytes a record."""
    with path.open("w") as file:
        file.write("number,text\n")
        for number in range(records):
            file.write(f"{number:08},text of the record {number * 7919 % 100_003}\n")
    return path


@dataclass(frozen=True, slots=True)
class Output:
    """An output dataset, and the CSV file that it makes."""

    dataset: Dataset
    content: bytes


@pytest.fixture(scope="session")
async def output(service: str, tmp_path_factory: pytest.TempPathFactory) -> Output:
    """An output dataset of 13 pages."""
    source = write_numbers(tmp_path_factory.mktemp("output") / "numbers.csv", RECORDS)
    async with Client(service) as client:
        await client.upload(source, "numbers")
        await client.jobs.start(JobRequest("numbers", "PassThrough", {"Contacts": "numbers"}))
        job = await client.await_job("numbers")
        dataset = await client.datasets.get(job.outputs["Contacts"])
    assert dataset.record_count == RECORDS
    return Output(dataset, source.read_bytes())
