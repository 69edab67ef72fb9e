"""The one line that each peer prints when it is done."""

import json
import platform
import time
from importlib.metadata import version
from typing import Self


class Told:
    """Measures from its making to `done`; a peer makes one when its imports are through."""

    def __init__(self, *packages: str) -> None:
        self._packages = packages
        self._started = time.perf_counter()

    def done(self, records: int) -> Self:
        """Print what was done. The line is what benchmarks/measure.py reads."""
        seconds = time.perf_counter() - self._started
        versions = {package: version(package) for package in self._packages}
        print(
            json.dumps(
                {
                    "records": records,
                    "seconds": seconds,
                    "versions": {"python": platform.python_version(), **versions},
                }
            )
        )
        return self
