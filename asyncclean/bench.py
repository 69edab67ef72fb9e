"""Measures a service as it is seen from here: latency, the best concurrency, records a second.

Sends blocks of made-up contacts into a dataset of its own, at one number of requests in flight after the
other, and deletes the dataset. Knows the calls on datasets; prints and draws nothing.
"""

import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import anyio
import orjson

from asyncclean.api.pacing import Limiter
from asyncclean.plan import Engine

COLUMNS = ("id", "first_name", "last_name", "email", "phone", "postcode")
LEVELS = (1, 2, 4, 8, 16, 32, 64)
"""Requests in flight that are tried, in turn."""

GOOD_ENOUGH = 0.95
"""The best concurrency is the lowest that gives this share of the highest throughput: more only queues."""


@dataclass(frozen=True, slots=True)
class Level:
    """What came of ``concurrency`` requests in flight for ``seconds``. Latencies in seconds, a block each."""

    concurrency: int
    seconds: float
    blocks: int
    records: int
    retries: int
    latencies: tuple[float, ...]

    @property
    def records_per_second(self) -> float:
        return self.records / self.seconds

    def latency(self, share: float) -> float:
        """The latency that ``share`` (0 to 1) of the blocks did not exceed."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


@dataclass(frozen=True, slots=True)
class Measured:
    """All levels, and the best of them."""

    block_records: int
    block_bytes: int
    levels: Sequence[Level]

    @property
    def best(self) -> Level:
        """The lowest concurrency that gives nearly the highest throughput."""
        most = max(level.records_per_second for level in self.levels)
        return next(level for level in self.levels if level.records_per_second >= GOOD_ENOUGH * most)

    def as_dict(self) -> dict[str, Any]:
        """Plain values, as ``--json`` prints them."""
        levels = []
        for level in self.levels:
            facts = asdict(level)
            del facts["latencies"]
            shares = {f"p{share}": level.latency(share / 100) for share in (50, 90, 95, 99)}
            levels.append({**facts, "records_per_second": level.records_per_second, "latency_s": shares})
        return {
            "block_records": self.block_records,
            "block_bytes": self.block_bytes,
            "best_concurrency": self.best.concurrency,
            "records_per_second": self.best.records_per_second,
            "levels": levels,
        }


def made_up_block(records: int) -> bytes:
    """A JSON array of contacts that nobody is."""
    rows = [
        {
            "id": f"{number:08d}",
            "first_name": "Ada",
            "last_name": f"Example {number}",
            "email": f"ada.{number}@example.com",
            "phone": f"+44 20 7946 {number % 10_000:04d}",
            "postcode": "ZZ99 3VZ",
        }
        for number in range(records)
    ]
    return orjson.dumps(rows)


async def measure(
    engine: Engine,
    *,
    seconds: float,
    records: int,
    levels: Sequence[int] = LEVELS,
    on_level: Callable[[Level], None] = lambda level: None,
) -> Measured:
    """Try each level for ``seconds``, or as long as one block takes, with blocks of ``records`` records.

    Raises what a request fails with for good; the dataset is deleted in any case.
    """
    name = f"asyncclean_bench_{uuid.uuid4().hex[:12]}"
    block = made_up_block(records)
    await engine.datasets.create(name, dict.fromkeys(COLUMNS, "text"))
    found = []
    try:
        for concurrency in levels:
            found.append(
                await _level(engine, name, block, records=records, concurrency=concurrency, seconds=seconds)
            )
            on_level(found[-1])
    finally:
        with anyio.move_on_after(30, shield=True):
            await engine.datasets.delete(name)
    return Measured(records, len(block), found)


async def _level(
    engine: Engine, name: str, block: bytes, *, records: int, concurrency: int, seconds: float
) -> Level:
    limiter = Limiter(fixed=concurrency)
    latencies: list[float] = []
    retries = engine.connection.retries
    begun = time.monotonic()

    async def send(number: int) -> None:
        # The same few numbers over and over: the dataset stays small however long this goes on.
        while not latencies or time.monotonic() - begun < seconds:
            at = time.monotonic()
            await engine.datasets.put_block(name, number, block, limiter=limiter)
            latencies.append(time.monotonic() - at)

    async with anyio.create_task_group() as tasks:
        for number in range(1, concurrency + 1):
            tasks.start_soon(send, number)
    spent = time.monotonic() - begun
    return Level(
        concurrency,
        spent,
        len(latencies),
        records * len(latencies),
        engine.connection.retries - retries,
        tuple(latencies),
    )
