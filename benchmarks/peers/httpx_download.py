"""What many would write: httpx fetches page after page, csv.DictWriter writes them.

python -m benchmarks.peers.httpx_download URL DATASET OUT.csv
"""

import csv
import sys
from pathlib import Path

import httpx

from benchmarks.peers.told import Told

PAGE = 1000


def download(url: str, dataset: str, out: Path) -> int:
    """The number of records written."""
    with httpx.Client(timeout=60) as client, out.open("w", newline="", encoding="utf-8") as file:
        about = client.get(f"{url}/Dataset/{dataset}").raise_for_status().json()
        writer = csv.DictWriter(file, list(about["columns"]))
        writer.writeheader()
        written = 0
        for start in range(1, about["recordCount"] + 1, PAGE):
            answer = client.get(f"{url}/Dataset/{dataset}/data", params={"start": start, "count": PAGE})
            records = answer.raise_for_status().json()
            writer.writerows(records)
            written += len(records)
    return written


if __name__ == "__main__":
    told = Told("httpx")
    told.done(download(sys.argv[1], sys.argv[2], Path(sys.argv[3])))
