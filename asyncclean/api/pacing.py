"""How many requests at once, and how many a second. The deciding parts are pure; `Limiter` waits.

The plan and its sources: slow start and growth by about sqrt(L)/2 a window (Netflix concurrency-limits,
Gradient2's queue size), back-off on push-back only (Vector's adaptive request concurrency, less its cut
on latency: a service that gets slower as a whole would be driven to the floor by it).
"""

import math
import statistics
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import anyio

INITIAL = 8
LEAST = 1
MOST = 256
"""Default upper bound. A service behind 50 ms that takes 256 at once needs them all; memory follows what
is found useful, not this bound."""

WINDOW_S = 0.25
TOLERANCE = 1.5
BASE_S = 60.0
BACKOFF = 0.8
RTT_WEIGHT = 0.4
TRACE = 4096


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


@dataclass(slots=True)
class AdaptiveLimit:
    """Finds how many requests at once are worth it. Pure: times come in, a limit comes out.

    The limit doubles by the window until something pushes back or the window's median RTT exceeds 1.5 x
    the lowest of the last 60 s; then it grows by max(1, sqrt(L)/2) a window while it is reached and the
    median stays below that. Latency stops growth, it never cuts. A push-back cuts to 0.8, once a window.
    """

    initial: int = INITIAL
    least: int = LEAST
    most: int = MOST
    limit: float = field(init=False)
    slow_start: bool = field(default=True, init=False)
    median: float | None = field(default=None, init=False)
    reached: bool = field(default=False, init=False)
    push_backs: int = field(default=0, init=False)
    trace: deque[tuple[float, int, int]] = field(default_factory=lambda: deque(maxlen=TRACE), init=False)
    _rtt: float | None = field(default=None, init=False)
    _samples: list[float] = field(default_factory=list, init=False)
    _medians: deque[tuple[float, float]] = field(default_factory=deque, init=False)
    _window_at: float | None = field(default=None, init=False)
    _most_in_flight: int = field(default=0, init=False)
    _cut_in_window: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        self.limit = float(min(self.initial, self.most))

    @property
    def base(self) -> float | None:
        """The lowest median RTT of the last 60 s."""
        return min((median for _, median in self._medians), default=None)

    def succeeded(self, now: float, rtt: float, in_flight: int) -> None:
        """An attempt succeeded in ``rtt`` seconds while ``in_flight`` were on their way."""
        self._rtt = rtt if self._rtt is None else (1 - RTT_WEIGHT) * self._rtt + RTT_WEIGHT * rtt
        self._samples.append(rtt)
        self._most_in_flight = max(self._most_in_flight, in_flight)
        if self._window_at is None:
            self._window_at = now
        long_enough = now - self._window_at >= max(self._rtt, WINDOW_S)
        if long_enough and len(self._samples) >= max(4, self.limit / 2):
            self._close_window(now, in_flight)

    def pushed_back(self, now: float) -> None:
        """The service asked for less, or did not answer in time."""
        self.push_backs += 1
        self.slow_start = False
        if not self._cut_in_window:
            self._cut_in_window = True
            self.limit = max(float(self.least), self.limit * BACKOFF)

    def _close_window(self, now: float, in_flight: int) -> None:
        self.median = statistics.median(self._samples)
        self._medians.append((now, self.median))
        while self._medians[0][0] < now - BASE_S:
            self._medians.popleft()
        base = self.base
        queueing = base is not None and self.median > TOLERANCE * base
        self.reached = self._most_in_flight >= math.floor(self.limit)
        # There are three cases: something pushed back (the limit was cut: let it be); it takes longer
        # than it did or the limit was not needed (hold); there is more to be had (grow).
        if self._cut_in_window:
            pass
        elif queueing or not self.reached:
            self.slow_start = self.slow_start and not queueing
        else:
            step = self.limit if self.slow_start else max(1.0, math.sqrt(self.limit) / 2)
            self.limit = min(float(self.most), self.limit + step)
        self.trace.append((now, int(self.limit), in_flight))
        self._samples.clear()
        self._window_at = now
        self._most_in_flight = 0
        self._cut_in_window = False


@dataclass(slots=True)
class TokenBucket:
    """Spaces requests: ``rate`` a second, ``burst`` at once at most. Pure."""

    rate: float
    burst: float = 1.0
    _at: float = field(default=-math.inf, init=False)

    def reserve(self, now: float) -> float:
        """Take the next place in line; gives the seconds to wait for it."""
        self._at = max(self._at, now - self.burst / self.rate) + 1 / self.rate
        return max(0.0, self._at - now)


@dataclass(slots=True)
class LearnedRate:
    """Learns a service's limit on requests a second from its refusals (429). Pure.

    Between two refusals a limiter's bucket goes from empty to empty, so what was accepted in between, over
    the time in between, is its rate. Requests are then spaced at 0.98 of it. The rate is tried upwards
    after a calm: by a quarter a second after the first estimate, which a small bucket makes too low, and
    by 1 % every 10 s once a refusal met a spaced stream.
    """

    rate: float | None = None
    _refused_at: float | None = field(default=None, init=False)
    _accepted: int = field(default=0, init=False)
    _stepped_at: float = field(default=0.0, init=False)
    _settled: bool = field(default=False, init=False)

    def accepted(self, now: float) -> None:
        """A request was taken."""
        self._accepted += 1
        if self.rate is None:
            return
        pause, growth = (10.0, 1.01) if self._settled else (1.0, 1.25)
        if now - self._stepped_at >= pause:
            self._stepped_at = now
            self.rate *= growth

    def refused(self, now: float) -> None:
        """A request was refused; those on their way at the same time count as one refusal."""
        if self._refused_at is not None and now - self._refused_at < 2 * WINDOW_S:
            return
        if self._refused_at is not None:
            measured = self._accepted / (now - self._refused_at)
            if self.rate is None:
                self.rate = max(1.0, 0.98 * measured)
            else:
                self._settled = True
                self.rate = max(1.0, min(0.98 * self.rate, max(0.98 * measured, 0.9 * self.rate)))
        self._refused_at = self._stepped_at = now
        self._accepted = 0


class Limiter:
    """Permits for requests in flight, first come, first served.

    ``fixed``: exactly that many; None: adaptive, up to ``most``. ``rate``: at most that many a second; a
    limit that the service itself shows by refusing is learnt. One permit is for one attempt: it is given
    back while a sender sleeps between two. `close_until` stops all senders at once.
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
        self._bucket = TokenBucket(rate) if rate else None
        self._learned = LearnedRate()
        self._learned_bucket: TokenBucket | None = None
        self._clock = clock
        self._closed_until = -math.inf
        self._waiting: deque[anyio.Event] = deque()
        self._in_flight = 0

    @property
    def limit(self) -> int:
        return self._fixed or int(self._adaptive.limit)

    @property
    def in_flight(self) -> int:
        return self._in_flight

    def statistics(self) -> LimiterStatistics:
        adaptive = self._adaptive
        return LimiterStatistics(
            limit=self.limit,
            in_flight=self._in_flight,
            reached=adaptive.reached,
            push_backs=adaptive.push_backs,
            median_rtt=adaptive.median,
            base_rtt=adaptive.base,
            rate=self._bucket.rate if self._bucket else self._learned.rate,
            trace=tuple(adaptive.trace),
        )

    async def acquire(self) -> None:
        """Wait for a permit, for an open gate, and for the next place in the rate."""
        if self._waiting or self._in_flight >= self.limit:
            await self._queue()
        else:
            self._in_flight += 1
        try:
            while (delay := self._closed_until - self._clock()) > 0:
                await anyio.sleep(delay)
            if (delay := self._reserve()) > 0:
                await anyio.sleep(delay)
        except BaseException:
            self.release()
            raise

    async def _queue(self) -> None:
        turn = anyio.Event()
        self._waiting.append(turn)
        try:
            await turn.wait()
        except BaseException:
            if turn.is_set():
                self.release()
            else:
                self._waiting.remove(turn)
            raise

    def _reserve(self) -> float:
        now = self._clock()
        delay = self._bucket.reserve(now) if self._bucket else 0.0
        if self._learned.rate is not None:
            if self._learned_bucket is None:
                self._learned_bucket = TokenBucket(self._learned.rate)
            self._learned_bucket.rate = self._learned.rate
            delay = max(delay, self._learned_bucket.reserve(now))
        return delay

    def release(self) -> None:
        """Give a permit back."""
        self._in_flight -= 1
        self._wake()

    def _wake(self) -> None:
        while self._waiting and self._in_flight < self.limit:
            self._in_flight += 1
            self._waiting.popleft().set()

    def succeeded(self, rtt: float) -> None:
        """An attempt for which a permit is held succeeded in ``rtt`` seconds."""
        now = self._clock()
        self._learned.accepted(now)
        self._adaptive.succeeded(now, rtt, self._in_flight)
        self._wake()

    def pushed_back(self, *, refused: bool, retry_after: float | None = None) -> None:
        """The service asked for less; ``refused``: by a 429. ``retry_after`` closes the gate for all."""
        now = self._clock()
        self._adaptive.pushed_back(now)
        if refused:
            self._learned.refused(now)
        if retry_after is not None:
            self.close_until(now + retry_after)

    def close_until(self, at: float) -> None:
        """No sender passes before ``at`` (on this limiter's clock)."""
        self._closed_until = max(self._closed_until, at)
