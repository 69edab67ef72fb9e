"""What many would write: httpx, csv.DictReader and json, 16 requests in flight.

python -m benchmarks.peers.httpx_upload FILE.csv URL
"""

import asyncio
import csv
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import httpx

from benchmarks.peers.told import Told

IN_FLIGHT = 16
Block = tuple[int, list[dict[str, Any]]]


def blocks(path: Path) -> Iterator[Block]:
    with path.open(newline="", encoding="utf-8") as file:
        rows = csv.DictReader(file)
        number = 0
        while records := list(islice(rows, 1000)):
            number += 1
            yield number, records


async def upload(path: Path, url: str, dataset: str = "contacts") -> int:
    """The number of records sent."""
    source = blocks(path)
    sent = 0

    async def work(client: httpx.AsyncClient) -> None:
        nonlocal sent
        for number, records in source:
            body = {"blockNumber": number, "records": records}
            answer = await client.patch(f"{url}/Dataset/{dataset}/data", json=body)
            answer.raise_for_status()
            sent += len(records)

    limits = httpx.Limits(max_connections=IN_FLIGHT, max_keepalive_connections=IN_FLIGHT)
    async with httpx.AsyncClient(limits=limits, timeout=60) as client, asyncio.TaskGroup() as tasks:
        for _ in range(IN_FLIGHT):
            tasks.create_task(work(client))
    return sent


if __name__ == "__main__":
    told = Told("httpx")
    told.done(asyncio.run(upload(Path(sys.argv[1]), sys.argv[2])))
