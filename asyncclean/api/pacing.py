"""Permits for requests in flight. Waits and wakes; how many, and how many a second, is decided elsewhere."""

import asyncio
import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from asyncclean.api.adaptive import MOST, TOLERANCE, AdaptiveLimit
from asyncclean.api.rate import LOOK_AGAIN_S, LearnedRate, TokenBucket

SHORTEST_WAIT_S = 1e-5
"""Less than a timer can wait, and more than what floating point leaves over."""

__all__ = ["MOST", "TOLERANCE", "Limiter", "LimiterStatistics"]


@dataclass(frozen=True, slots=True)
class LimiterStatistics:
    """A limiter at one moment. ``reached``: whether its limit was, in the last window; RTTs in seconds;
    ``rate``: requests a second that it holds to, or None; ``trace``: (seconds, limit, in flight) by window.
    """

    limit: int
    in_flight: int
    reached: bool
    push_backs: int
    median_rtt: float | None
    base_rtt: float | None
    rate: float | None
    trace: tuple[tuple[float, int, int], ...]


class Limiter:
    """Permits for requests in flight, first come, first served.

    ``fixed``: exactly that many; None: adaptive, up to ``most``. ``rate``: at most that many a second; a
    limit that the service itself shows by refusing is learnt. One permit is for one attempt: it is given
    back while a sender sleeps between two. `close_until` stops all senders at once.

    Whoever waits for an open gate or for a place in the rate holds no permit meanwhile, so what is in
    flight is truly in flight. For one event loop.
    """

    def __init__(
        self,
        *,
        fixed: int | None = None,
        rate: float | None = None,
        most: int = MOST,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fixed = fixed
        self._adaptive = AdaptiveLimit(most=most)
        self._learned = LearnedRate()
        self._bucket = TokenBucket(rate) if rate else None
        self._learned_bucket: TokenBucket | None = None
        self._asked_rate = rate
        self._clock = clock
        self._closed_until = -math.inf
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._returning: deque[asyncio.Future[None]] = deque()
        self._parked = 0
        self._timer: asyncio.TimerHandle | None = None
        self._in_flight = 0

    @property
    def limit(self) -> int:
        """How many may be in flight now."""
        return self._fixed or int(self._adaptive.limit)

    @property
    def in_flight(self) -> int:
        """How many permits are out."""
        return self._in_flight

    def statistics(self) -> LimiterStatistics:
        """What the limiter knows now."""
        adaptive = self._adaptive
        rates = [rate for rate in (self._asked_rate, self._learned.at(self._clock())) if rate is not None]
        return LimiterStatistics(
            limit=self.limit,
            in_flight=self._in_flight,
            reached=adaptive.reached,
            push_backs=adaptive.push_backs,
            median_rtt=adaptive.median,
            base_rtt=adaptive.base,
            rate=min(rates, default=None),
            trace=tuple(adaptive.trace),
        )

    async def acquire(self) -> None:
        """Wait for a permit, for an open gate, and for the next place in the rate."""
        if not self._waiting and self._admit(self._parked):
            return
        await self._queue(self._waiting)

    def release(self) -> None:
        """Give a permit back for good."""
        self._in_flight -= 1
        self._wake()

    def park(self) -> None:
        """Give a permit back until `resume`, or `leave`. No newcomer takes the place meanwhile.

        So the requests that are begun and not done are never more than the limit: when all of them fail
        and wait to be sent again, no other is begun.
        """
        self._in_flight -= 1
        self._parked += 1
        self._wake()

    async def resume(self) -> None:
        """Wait for a permit again, ahead of all that were not begun. If that is cancelled: still parked."""
        if self._returning or not self._admit(0):
            await self._queue(self._returning)
        self._parked -= 1

    def leave(self) -> None:
        """A request that is parked is not going to be sent again."""
        self._parked -= 1
        self._wake()

    async def _queue(self, queue: deque[asyncio.Future[None]]) -> None:
        turn = asyncio.get_running_loop().create_future()
        queue.append(turn)
        self._wake()
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():
                self.release()
            elif turn in queue:
                queue.remove(turn)
            raise

    def succeeded(self, rtt: float) -> None:
        """An attempt for which a permit is held succeeded in ``rtt`` seconds."""
        now = self._clock()
        self._learned.accepted(now, rtt)
        self._adaptive.succeeded(now, rtt, self._in_flight + self._parked)
        self._wake()

    def pushed_back(self, *, refused: bool, retry_after: float | None = None, rtt: float = 0.0) -> None:
        """The service asked for less, ``rtt`` seconds after it was asked; ``refused``: by a 429.

        ``retry_after`` closes the gate for all.
        """
        now = self._clock()
        if not refused or self._learned.refused(now, rtt, retry_after or 0.0):
            self._adaptive.pushed_back(now, rtt)
        if retry_after is not None:
            self.close_until(now + retry_after)

    def close_until(self, at: float) -> None:
        """No sender passes before ``at`` (on this limiter's clock)."""
        self._closed_until = max(self._closed_until, at)

    def _blocked(self, now: float, parked: int) -> float:
        """Seconds for which nothing can pass; 0: one can; infinity: until a permit is given back.

        ``parked``: how many places are not to be taken.
        """
        if self._in_flight + parked >= self.limit:
            return math.inf
        # As of the end of a wait that is too short to be waited for: who passes knows what is learnt.
        rate = self._learned.at(now + SHORTEST_WAIT_S)
        blocked = max(self._closed_until, self._learned.opens_at) - now
        if self._bucket is not None:
            blocked = max(blocked, self._bucket.wait(now))
        if rate is not None:
            self._learned_bucket = self._learned_bucket or TokenBucket(rate)
            self._learned_bucket.rate = rate
            self._learned_bucket.most = self._learned.burst / 2
            wait = self._learned_bucket.wait(now)
            blocked = max(blocked, min(wait, LOOK_AGAIN_S) if self._learned.searching else wait)
        return blocked if blocked > SHORTEST_WAIT_S else 0.0

    def _admit(self, parked: int) -> bool:
        """Give a permit out, if nothing stands against it."""
        if self._blocked(self._clock(), parked) > 0:
            return False
        self._in_flight += 1
        if self._bucket is not None:
            self._bucket.take()
        if self._learned_bucket is not None:
            self._learned_bucket.take()
        return True

    def _wake(self) -> None:
        """Let those pass who can, in their order, and look again when the next one can."""
        if not (self._waiting or self._returning):
            return
        self._admit_from(self._returning, 0)
        if not self._returning:
            self._admit_from(self._waiting, self._parked)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._waiting or self._returning:
            blocked = self._blocked(self._clock(), 0 if self._returning else self._parked)
            if blocked < math.inf:
                self._timer = asyncio.get_running_loop().call_later(blocked, self._wake)

    def _admit_from(self, queue: deque[asyncio.Future[None]], parked: int) -> None:
        while queue:
            # One that is done already is about to leave: its task was cancelled.
            if not queue[0].done():
                if not self._admit(parked):
                    return
                queue[0].set_result(None)
            queue.popleft()
