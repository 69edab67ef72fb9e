"""What a good engineer would write: aiohttp fetches 16 pages ahead, orjson and csv.writer put them in order.

python -m benchmarks.peers.aiohttp_download URL DATASET OUT.csv
"""

import asyncio
import csv
import sys
from collections import deque
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import orjson

from benchmarks.peers.told import Told

PAGE = 1000
AHEAD = 16


async def pages(session: aiohttp.ClientSession, url: str, dataset: str, records: int) -> AsyncIterator[bytes]:
    """Each page's bytes, in order, 16 requests ahead."""

    async def fetch(start: int) -> bytes:
        async with session.get(f"{url}/Dataset/{dataset}/data?start={start}&count={PAGE}") as answer:
            answer.raise_for_status()
            return await answer.read()

    ahead: deque[asyncio.Task[bytes]] = deque()
    for start in range(1, records + 1, PAGE):
        ahead.append(asyncio.create_task(fetch(start)))
        if len(ahead) == AHEAD:
            yield await ahead.popleft()
    while ahead:
        yield await ahead.popleft()


async def describe(session: aiohttp.ClientSession, url: str, dataset: str) -> dict[str, Any]:
    async with session.get(f"{url}/Dataset/{dataset}") as answer:
        answer.raise_for_status()
        about: dict[str, Any] = await answer.json()
        return about


async def download(url: str, dataset: str, out: Path) -> int:
    """The number of records written."""
    connector = aiohttp.TCPConnector(limit=AHEAD)
    async with aiohttp.ClientSession(connector=connector) as session:
        about = await describe(session, url, dataset)
        columns = list(about["columns"])
        written = 0
        with out.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(columns)
            async for page in pages(session, url, dataset, about["recordCount"]):
                records = orjson.loads(page)
                writer.writerows([[record.get(column) for column in columns] for record in records])
                written += len(records)
    return written


if __name__ == "__main__":
    told = Told("aiohttp", "orjson")
    told.done(asyncio.run(download(sys.argv[1], sys.argv[2], Path(sys.argv[3]))))
