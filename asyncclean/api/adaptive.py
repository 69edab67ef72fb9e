"""How many requests at once are worth it. Pure: times come in, a limit comes out.

Where the parts come from: slow start by the round trip is TCP's, and so is leaving it when a round takes
longer (HyStart); growth by about sqrt(L)/2 a window is Netflix concurrency-limits' (Gradient2's queue size);
back-off on push-back only is Vector's adaptive request concurrency without its cut on latency, which drives
the limit to the floor when a service gets slower as a whole. Looking for the base again with fewer in
flight is BBR's ProbeRTT.
"""

import math
import statistics
from collections import deque
from dataclasses import dataclass, field

INITIAL = 16
"""As many as a careful script keeps in flight. With 8, filling a service behind 50 ms cost 3 % of a run of a
second more."""
LEAST = 1
MOST = 256
"""Default upper bound. A service behind 50 ms that takes 256 at once needs them all; memory follows what
is found useful, not this bound."""

WINDOW_S = 0.25
"""Least length of a window after slow start: long enough for a median, short enough to find the knee within
seconds."""

TOLERANCE = 1.5
"""Gradient2's: an answer may take half as long again before that counts as queueing."""

BASE_S = 60.0
PROBE_S = 10.0
"""After this long in a queue, two windows at half the limit tell a queue of our own from a slow service."""

BACKOFF = 0.8
ROUND_GROWTH = 2.5
FAR_GROWTH = 4.0
FAR_S = 0.04
"""A compromise: 2.5 fills a pipe a round sooner than TCP's 2; 4 leaves too many in flight where it is small.
Where a round trip takes this long, each round costs more, and mostly more fit into the pipe; a small service
that is as slow pays with a few more refusals."""

FULLER = 1.25
"""BBR's: a round of slow start that moves less than a quarter more than any before has found a full pipe.
This tells even where the base is too high, because this process was busy when it was measured."""

LARGEST_STEP = 0.25
DEEPEST = 0.5
"""A window's cuts, one a round trip, end at half: a service that is down refuses everything, and that says
nothing about how much it takes once it is up again."""

RTT_WEIGHT = 0.4
SPARE = 0.75
"""What stays of a limit half of which moved as much."""

AS_MUCH = 0.97
TRACE = 4096


@dataclass(slots=True)
class _Window:
    """What has been seen since ``since``. ``wanted``: samples that it needs; ``floor``: where cuts end."""

    since: float
    wanted: float
    rtts: list[float] = field(default_factory=list)
    most_in_flight: int = 0
    floor: float = 0.0


@dataclass(slots=True)
class _Probe:
    """A look at half the ``limit``: first what is under way drains, then a window is measured."""

    limit: float
    throughput: float
    draining: bool = True


@dataclass(slots=True)
class AdaptiveLimit:
    """The limit on requests in flight, found from how the service answers.

    *Slow start*: the limit grows 2.5 times every round trip (4 times, where that takes 40 ms or more) while
    it is used up, until something pushes back, the round's median RTT exceeds 1.5 x the base (the lowest
    median of the last 60 s), or it moves no more, twice; the limit is then 1.5 x what fills the pipe (what
    it moves a second, times the base).
    *After that*, by the window of max(250 ms, RTT): it grows, by a quarter where there is room, by
    max(1, sqrt(L)/2) after a push-back, while it is used up and the median stays within 1.5 x the base.
    Latency stops growth, it never cuts. A push-back (429, 503, time-out) cuts to 0.8, once a round trip, and
    to half at most in a window.

    Where answers keep taking longer, every 10 s two windows at half the limit measure the base again: a
    service that got slower as a whole is then known as such, and growth goes on; and where half of the
    limit moves as much, a quarter of it is given up.
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
    _medians: deque[tuple[float, float]] = field(default_factory=deque, init=False)
    _window: _Window | None = field(default=None, init=False)
    _second_look: bool = field(default=False, init=False)
    _most_moved: float = field(default=0.0, init=False)
    _queueing_since: float | None = field(default=None, init=False)
    _probe: _Probe | None = field(default=None, init=False)
    _cut_at: float = field(default=-math.inf, init=False)

    def __post_init__(self) -> None:
        self.limit = float(min(self.initial, self.most))

    @property
    def base(self) -> float | None:
        """The lowest median RTT of the last 60 s."""
        return min((median for _, median in self._medians), default=None)

    def succeeded(self, now: float, rtt: float, in_flight: int) -> None:
        """An attempt succeeded in ``rtt`` seconds while ``in_flight`` were on their way, itself included."""
        self._rtt = rtt if self._rtt is None else (1 - RTT_WEIGHT) * self._rtt + RTT_WEIGHT * rtt
        window = self._window
        if window is None:
            # The first window begins where its first request did.
            window = self._window = self._open(now - rtt)
        window.rtts.append(rtt)
        window.most_in_flight = max(window.most_in_flight, in_flight)
        if len(window.rtts) < window.wanted:
            return
        if self.slow_start or now - window.since >= max(self._rtt, WINDOW_S):
            self._close(window, now, in_flight)
            self._window = self._open(now)

    def pushed_back(self, now: float, rtt: float = 0.0) -> None:
        """A request that was sent ``rtt`` seconds ago was refused, or not answered in time."""
        self.push_backs += 1
        self.slow_start = False
        self._end_probe()
        window = self._window = self._window or self._open(now)
        # What was under way at the last cut says nothing of what came of it.
        if now - rtt >= self._cut_at:
            self._cut_at = now
            window.floor = window.floor or max(float(self.least), self.limit * DEEPEST)
            self.limit = max(window.floor, self.limit * BACKOFF)

    def _open(self, now: float) -> _Window:
        return _Window(now, self.limit if self.slow_start else max(4.0, self.limit / 2))

    def _close(self, window: _Window, now: float, in_flight: int) -> None:
        self.median = statistics.median(window.rtts)
        throughput = len(window.rtts) / max(now - window.since, 1e-9)
        self.reached = window.most_in_flight >= math.floor(self.limit)
        if self._probe is not None:
            self._probed(self._probe, now, throughput)
        else:
            self._medians.append((now, self.median))
            while self._medians[0][0] < now - BASE_S:
                self._medians.popleft()
            self._decide(window, now, throughput)
        self.trace.append((now, int(self.limit), in_flight))

    def _decide(self, window: _Window, now: float, throughput: float) -> None:
        base, median = self.base, self.median
        queueing = base is not None and median is not None and median > TOLERANCE * base
        full = self.slow_start and self.reached and throughput < FULLER * self._most_moved
        self._most_moved = max(self._most_moved, throughput)
        if not queueing:
            self._queueing_since = None
        if not (queueing or full):
            self._second_look = False
        # There are five cases: something pushed back (the limit was cut: let it be); a round of slow start
        # took longer or moved no more, and so did another (it ends, a little above what fills the pipe, which
        # the limit may have outgrown by more than a round before it showed); it takes longer than it did,
        # now or for some time (hold, or probe); the limit was not needed (hold); there is more to be had
        # (grow).
        if window.floor:
            pass
        elif (queueing or full) and self.slow_start and not self._second_look:
            self._second_look = True
        elif (queueing or full) and self.slow_start:
            self.slow_start = False
            assert base is not None
            self.limit = min(self.limit, max(float(self.initial), TOLERANCE * throughput * base))
        elif queueing:
            self._queueing_since = now if self._queueing_since is None else self._queueing_since
            if now - self._queueing_since >= PROBE_S and self.reached and self.limit > self.least:
                self._probe = _Probe(self.limit, throughput)
                self.limit = max(float(self.least), self.limit / 2)
        elif self.reached:
            self.limit = min(float(self.most), self.limit + self._step(now, base))

    def _step(self, now: float, base: float | None) -> float:
        if self.slow_start:
            far = self.median is not None and self.median >= FAR_S
            return ((FAR_GROWTH if far else ROUND_GROWTH) - 1) * self.limit
        if now - self._cut_at < BASE_S or base is None or self.median is None:
            return max(1.0, math.sqrt(self.limit) / 2)
        room = (TOLERANCE - self.median / base) / (TOLERANCE - 1)
        return max(1.0, LARGEST_STEP * room * self.limit)

    def _probed(self, probe: _Probe, now: float, throughput: float) -> None:
        """A window at half the limit is over."""
        if probe.draining:
            probe.draining = False
            return
        self._end_probe()
        assert self.median is not None
        self._medians.clear()
        self._medians.append((now, self.median))
        if throughput >= AS_MUCH * probe.throughput:
            self.limit = max(float(self.least), probe.limit * SPARE)

    def _end_probe(self) -> None:
        if self._probe is not None:
            self.limit = self._probe.limit
            self._probe = self._queueing_since = None
