"""An expert's afternoon: polars scans and encodes in a thread and hands over 8 blocks a hop; aiohttp sends.

python -m benchmarks.peers.expert_upload FILE.csv URL
"""

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import polars as pl

from benchmarks.peers.told import Told

IN_FLIGHT = 16
HOP = 8
Block = tuple[bytes, int]


def blocks(path: Path) -> Iterator[Block]:
    """The body of each block and its number of records."""
    number = 0
    for batch in pl.scan_csv(path, infer_schema=False).collect_batches():
        for piece in batch.iter_slices(1000):
            number += 1
            yield f'{{"blockNumber":{number},"records":{piece.write_json()}}}'.encode(), piece.height


async def upload(path: Path, url: str, dataset: str = "contacts") -> int:
    """The number of records sent."""
    queue: asyncio.Queue[list[Block] | None] = asyncio.Queue(maxsize=4)
    loop = asyncio.get_running_loop()
    sent = 0

    def encode() -> None:
        hop: list[Block] = []
        for block in blocks(path):
            hop.append(block)
            if len(hop) == HOP:
                asyncio.run_coroutine_threadsafe(queue.put(hop), loop).result()
                hop = []
        asyncio.run_coroutine_threadsafe(queue.put(hop), loop).result()
        asyncio.run_coroutine_threadsafe(queue.put(None), loop).result()

    async def send(session: aiohttp.ClientSession, free: asyncio.Semaphore, block: Block) -> None:
        nonlocal sent
        body, count = block
        headers = {"Content-Type": "application/json"}
        try:
            async with session.patch(f"{url}/Dataset/{dataset}/data", data=body, headers=headers) as answer:
                answer.raise_for_status()
        finally:
            free.release()
        sent += count

    connector = aiohttp.TCPConnector(limit=IN_FLIGHT)
    free = asyncio.Semaphore(IN_FLIGHT)
    async with aiohttp.ClientSession(connector=connector) as session, asyncio.TaskGroup() as tasks:
        encoding = tasks.create_task(asyncio.to_thread(encode))
        while hop := await queue.get():
            for block in hop:
                await free.acquire()
                tasks.create_task(send(session, free, block))
        await encoding
    return sent


if __name__ == "__main__":
    told = Told("polars", "aiohttp")
    told.done(asyncio.run(upload(Path(sys.argv[1]), sys.argv[2])))
