"""What many would install: dlt with a custom destination of 1,000 records a batch.

Nothing is sent home: telemetry is off, and the pipeline's working folder is a temporary one.

    python -m benchmarks.peers.dlt_upload FILE.csv URL
"""

import csv
import itertools
import os
import sys
import tempfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"

import dlt
from dlt.sources.helpers import requests

from benchmarks.peers.told import Told


def upload(path: Path, url: str, dataset: str = "contacts") -> int:
    """The number of records sent."""
    numbers = itertools.count(1)
    counts: list[int] = []

    def send(items: list[dict[str, Any]], table: dict[str, Any]) -> None:
        body = {"blockNumber": next(numbers), "records": items}
        requests.patch(f"{url}/Dataset/{dataset}/data", json=body).raise_for_status()
        counts.append(len(items))

    def contacts() -> Iterator[list[dict[str, str | Any]]]:
        with path.open(newline="", encoding="utf-8") as file:
            rows = csv.DictReader(file)
            while records := list(islice(rows, 1000)):
                yield records

    with tempfile.TemporaryDirectory() as folder:
        destination = dlt.destination(send, batch_size=1000, name="batch_api")
        pipeline = dlt.pipeline("benchmark", destination=destination, pipelines_dir=folder)
        pipeline.run(dlt.resource(contacts, name="contacts"))
    return sum(counts)


if __name__ == "__main__":
    told = Told("dlt")
    told.done(upload(Path(sys.argv[1]), sys.argv[2]))
