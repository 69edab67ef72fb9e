"""The cheapest that a script can do: aiohttp fetches 16 pages ahead and joins their bytes into a JSON array.

No record is looked at, so nothing would notice a page that is short or broken.

    python -m benchmarks.peers.pages_download URL DATASET OUT.json
"""

import asyncio
import sys
from pathlib import Path

import aiohttp

from benchmarks.peers.aiohttp_download import AHEAD, describe, pages
from benchmarks.peers.told import Told


async def download(url: str, dataset: str, out: Path) -> int:
    """The number of records that the service says there are."""
    connector = aiohttp.TCPConnector(limit=AHEAD)
    async with aiohttp.ClientSession(connector=connector) as session:
        about = await describe(session, url, dataset)
        with out.open("wb") as file:
            separator = b"["
            async for page in pages(session, url, dataset, about["recordCount"]):
                file.write(separator)
                file.write(page[1:-1])
                separator = b","
            file.write(b"]")
    return int(about["recordCount"])


if __name__ == "__main__":
    told = Told("aiohttp")
    told.done(asyncio.run(download(sys.argv[1], sys.argv[2], Path(sys.argv[3]))))
