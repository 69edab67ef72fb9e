"""The peers by name: what each is, which packages it needs, and how it is run. Imports none of them."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any


@dataclass(frozen=True, slots=True)
class Peer:
    """A contender that is not asyncclean. ``needs``: the modules that must be there to run it."""

    name: str
    module: str
    about: str
    needs: tuple[str, ...] = ()

    def command(self, *arguments: object) -> list[str]:
        """The command that runs it."""
        return [sys.executable, "-m", f"benchmarks.peers.{self.module}", *map(str, arguments)]

    def missing(self) -> list[str]:
        """The modules that are needed and not installed."""
        return [module for module in self.needs if find_spec(module) is None]


def moved(told: Mapping[str, Any]) -> float:
    """Seconds that the peer took by its own account, without starting Python and importing."""
    return float(told["seconds"])


DLT = Peer("dlt", "dlt_upload", "dlt custom destination, batches of 1,000", ("dlt",))
HTTPX = Peer("httpx script", "httpx_upload", "httpx + csv.DictReader + json, 16 in flight", ("httpx",))
AIOHTTP = Peer("aiohttp script", "aiohttp_upload", "aiohttp + csv + orjson, bounded queue, 16 in flight")
EXPERT = Peer("expert script", "expert_upload", "polars collect_batches in a thread, 8 blocks a hop, aiohttp")
ENCODING = Peer("polars encoding alone", "polars_encoding", "polars, CSV to JSON blocks, nothing sent")
BARE = Peer("the sink's limit", "bare", "8 raw sockets, bodies made beforehand, answers thrown away")

HTTPX_DOWN = Peer("httpx script", "httpx_download", "httpx one by one + csv.DictWriter", ("httpx",))
AIOHTTP_DOWN = Peer("aiohttp script", "aiohttp_download", "aiohttp 16 ahead + orjson + csv.writer")
PAGES_DOWN = Peer("pages joined unread", "pages_download", "aiohttp 16 ahead, bytes joined into a JSON array")

HTTPX_JOB = Peer("httpx script", "httpx_job", "httpx upload, job, httpx download", ("httpx",))
AIOHTTP_JOB = Peer("aiohttp script", "aiohttp_job", "aiohttp upload, job, aiohttp download")
