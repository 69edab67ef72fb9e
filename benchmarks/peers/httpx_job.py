"""The whole job as many would write it: httpx_upload, the job, httpx_download.

python -m benchmarks.peers.httpx_job FILE.csv URL OUT.csv
"""

import asyncio
import csv
import sys
import time
from pathlib import Path

import httpx

from benchmarks.peers import httpx_download, httpx_upload
from benchmarks.peers.told import Told

WORKFLOW = "PassThrough"


def clean(path: Path, url: str, out: Path, name: str = "contacts") -> int:
    """The number of records written."""
    with path.open(newline="", encoding="utf-8") as file:
        columns = dict.fromkeys(next(csv.reader(file)), 0)
    with httpx.Client(base_url=url, timeout=60) as client:
        client.post("/Dataset", json={"name": name, "columns": columns}).raise_for_status()
        sent = asyncio.run(httpx_upload.upload(path, url, name))
        done = {"recordCount": sent, "completed": True}
        client.put(f"/Dataset/{name}", json=done).raise_for_status()
        order = {
            "name": name,
            "workflowName": WORKFLOW,
            "inputDatasets": {"Contacts": name},
            "parameters": {},
        }
        job = client.post("/Job", json=order).raise_for_status().json()
        while job["completedAt"] is None:
            time.sleep(0.5)
            job = client.get(f"/Job/{name}").raise_for_status().json()
    (output,) = job["outputDatasets"].values()
    return httpx_download.download(url, output, out)


if __name__ == "__main__":
    told = Told("httpx")
    told.done(clean(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])))
