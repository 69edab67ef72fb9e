"""The whole job as a good engineer would write it: aiohttp_upload, the job, aiohttp_download.

python -m benchmarks.peers.aiohttp_job FILE.csv URL OUT.csv
"""

import asyncio
import csv
import sys
from pathlib import Path
from typing import Any

import aiohttp

from benchmarks.peers import aiohttp_download, aiohttp_upload
from benchmarks.peers.told import Told

WORKFLOW = "PassThrough"


async def ask(session: aiohttp.ClientSession, method: str, url: str, body: object = None) -> dict[str, Any]:
    async with session.request(method, url, json=body) as answer:
        answer.raise_for_status()
        document: dict[str, Any] = await answer.json()
        return document


async def clean(path: Path, url: str, out: Path, name: str = "contacts") -> int:
    """The number of records written."""
    with path.open(newline="", encoding="utf-8") as file:
        columns = dict.fromkeys(next(csv.reader(file)), 0)
    async with aiohttp.ClientSession() as session:
        await ask(session, "POST", f"{url}/Dataset", {"name": name, "columns": columns})
        sent = await aiohttp_upload.upload(path, url, name)
        await ask(session, "PUT", f"{url}/Dataset/{name}", {"recordCount": sent, "completed": True})
        order = {"name": name, "workflowName": WORKFLOW, "inputDatasets": {"Contacts": name}}
        job = await ask(session, "POST", f"{url}/Job", order)
        while job["completedAt"] is None:
            await asyncio.sleep(0.5)
            job = await ask(session, "GET", f"{url}/Job/{name}")
        (output,) = job["outputDatasets"].values()
    return await aiohttp_download.download(url, output, out)


if __name__ == "__main__":
    told = Told("aiohttp", "orjson")
    told.done(asyncio.run(clean(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))))
