"""Services in virtual time, and senders that go at them through a real limiter. Nothing random is unseeded.

A service takes a request after half its latency, serves ``capacity`` at once in ``service`` seconds each
(more wait, up to ``queue``), lets through what its bucket holds, and answers after the other half.
"""

import asyncio
import heapq
import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import anyio

from asyncclean.api.pacing import Limiter
from tests.api import virtual_time


@dataclass(frozen=True)
class Service:
    """``noise``: share by which the latency varies; ``client``: seconds that a request costs the sender;
    ``spurious``: share of requests that is refused for no reason that a sender could know.
    """

    latency: float = 0.0
    capacity: int = 1000
    service: float = 0.0
    queue: int | None = None
    rate: float = 0.0
    burst: float = 10.0
    spurious: float = 0.0
    retry_after: float | None = 1.0
    noise: float = 0.05
    client: float = 0.0002


@dataclass
class Seen:
    """What became of a run."""

    seconds: float
    taken: int
    refused: int
    mean_in_flight: float
    limits: list[tuple[float, int, int]]
    rate: float | None

    @property
    def throughput(self) -> float:
        return self.taken / self.seconds


@dataclass
class _State:
    service: Service
    free: list[float] = field(default_factory=list)
    tokens: float = 0.0
    filled: float = 0.0
    waiting: int = 0

    def __post_init__(self) -> None:
        self.free = [0.0] * self.service.capacity
        self.tokens = self.service.burst

    def change(self, service: Service, now: float) -> None:
        busy = sorted(at for at in self.free if at > now)[: service.capacity]
        self.service = service
        self.free = busy + [now] * (service.capacity - len(busy))
        heapq.heapify(self.free)

    def take_token(self, now: float) -> bool:
        if not self.service.rate:
            return True
        self.tokens = min(self.service.burst, self.tokens + (now - self.filled) * self.service.rate)
        self.filled = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


async def _serve(state: _State, draw: random.Random) -> tuple[bool, float | None]:
    """Whether a request was taken, and the Retry-After if not."""
    loop = asyncio.get_running_loop()
    service = state.service
    way = service.latency / 2 * draw.uniform(1 - service.noise, 1 + service.noise)
    await asyncio.sleep(way)
    now = loop.time()
    if draw.random() < service.spurious or not state.take_token(now):
        await asyncio.sleep(way)
        return False, service.retry_after
    begin = max(now, state.free[0])
    if begin > now and service.queue is not None and state.waiting >= service.queue:
        await asyncio.sleep(way)
        return False, None
    heapq.heapreplace(
        state.free, begin + service.service * draw.uniform(1 - service.noise, 1 + service.noise)
    )
    state.waiting += begin > now
    await asyncio.sleep(max(0.0, begin - now))
    state.waiting -= begin > now
    await asyncio.sleep(service.service + way)
    return True, None


async def _run(
    service: Service,
    fixed: int | None,
    requests: int | None,
    seconds: float | None,
    changes: Mapping[float, Service],
    rate: float | None,
    seed: int,
) -> Seen:
    loop = asyncio.get_running_loop()
    draw = random.Random(seed)
    state = _State(service)
    limiter = Limiter(fixed=fixed, rate=rate, clock=loop.time)
    taken = refused = 0
    area = 0.0
    left = sorted(changes.items())

    async def send() -> None:
        nonlocal taken, refused, area
        for attempt in range(100):
            begun = loop.time()
            good, retry_after = await _serve(state, draw)
            rtt = loop.time() - begun
            area += rtt
            if good:
                limiter.succeeded(rtt)
                taken += 1
            else:
                limiter.pushed_back(
                    refused=bool(service.rate or service.spurious), retry_after=retry_after, rtt=rtt
                )
                refused += 1
            if good:
                limiter.release()
                return
            # As the connection does: Retry-After, or the back-off after a push-back.
            limiter.park()
            await asyncio.sleep(draw.uniform(0, min(30, 2**attempt)) if retry_after is None else retry_after)
            await limiter.resume()

    async with anyio.create_task_group() as tasks:
        sent = 0
        while (requests is None or sent < requests) and (seconds is None or loop.time() < seconds):
            while left and loop.time() >= left[0][0]:
                state.change(left.pop(0)[1], loop.time())
            await limiter.acquire()
            if seconds is not None and loop.time() >= seconds:
                limiter.release()
                break
            tasks.start_soon(send)
            sent += 1
            await asyncio.sleep(service.client)
        if seconds is not None:
            end = (taken, refused, area, loop.time())
            tasks.cancel_scope.cancel()
    if seconds is None:
        end = (taken, refused, area, loop.time())
    assert limiter.in_flight >= 0
    statistics = limiter.statistics()
    return Seen(end[3], end[0], end[1], end[2] / end[3], list(statistics.trace), statistics.rate)


def simulate(
    service: Service,
    *,
    fixed: int | None = None,
    requests: int | None = None,
    seconds: float | None = None,
    changes: Mapping[float, Service] | None = None,
    rate: float | None = None,
    seed: int = 1,
) -> Seen:
    """Send ``requests``, or for ``seconds``. ``changes``: what the service becomes, and when."""
    return virtual_time.run(_run(service, fixed, requests, seconds, changes or {}, rate, seed))


def best_fixed(service: Service, requests: int, candidates: tuple[int, ...]) -> float:
    """The throughput of the best fixed number in flight."""
    return max(simulate(service, fixed=fixed, requests=requests).throughput for fixed in candidates)


__all__ = ["Seen", "Service", "best_fixed", "replace", "simulate"]
