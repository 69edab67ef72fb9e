"""What a good engineer would write: csv.reader and orjson feed a bounded queue, 16 aiohttp workers empty it.

python -m benchmarks.peers.aiohttp_upload FILE.csv URL
"""

import asyncio
import csv
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import aiohttp
import orjson

from benchmarks.peers.told import Told

IN_FLIGHT = 16
Queue = asyncio.Queue[tuple[bytes, int] | None]


def blocks(path: Path) -> Iterator[tuple[bytes, int]]:
    """The body of each block and its number of records."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = csv.reader(file)
        header = next(rows)
        number = 0
        while records := [dict(zip(header, row, strict=True)) for row in islice(rows, 1000)]:
            number += 1
            yield orjson.dumps({"blockNumber": number, "records": records}), len(records)


async def upload(path: Path, url: str, dataset: str = "contacts") -> int:
    """The number of records sent."""
    queue: Queue = asyncio.Queue(maxsize=2 * IN_FLIGHT)
    sent = 0

    async def read() -> None:
        for block in blocks(path):
            await queue.put(block)
            await asyncio.sleep(0)
        for _ in range(IN_FLIGHT):
            await queue.put(None)

    async def send(session: aiohttp.ClientSession) -> None:
        nonlocal sent
        headers = {"Content-Type": "application/json"}
        while block := await queue.get():
            body, count = block
            async with session.patch(f"{url}/Dataset/{dataset}/data", data=body, headers=headers) as answer:
                answer.raise_for_status()
            sent += count

    connector = aiohttp.TCPConnector(limit=IN_FLIGHT)
    async with aiohttp.ClientSession(connector=connector) as session, asyncio.TaskGroup() as tasks:
        tasks.create_task(read())
        for _ in range(IN_FLIGHT):
            tasks.create_task(send(session))
    return sent


if __name__ == "__main__":
    told = Told("aiohttp", "orjson")
    told.done(asyncio.run(upload(Path(sys.argv[1]), sys.argv[2])))
