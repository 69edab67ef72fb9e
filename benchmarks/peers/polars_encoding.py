"""The ceiling: polars turns the CSV into JSON blocks of 1,000 records, and nothing is sent.

python -m benchmarks.peers.polars_encoding FILE.csv
"""

import sys
from pathlib import Path

from benchmarks.peers.expert_upload import blocks
from benchmarks.peers.told import Told

if __name__ == "__main__":
    told = Told("polars")
    told.done(sum(count for _, count in blocks(Path(sys.argv[1]))))
