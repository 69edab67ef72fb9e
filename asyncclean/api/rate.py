"""How many requests a second. Pure: times come in, waits come out."""

import bisect
import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

CATCH_UP_S = 0.05
"""A bucket makes up for wake-ups that come this late, as they do on a busy machine."""


@dataclass(slots=True)
class TokenBucket:
    """Spaces requests evenly at ``rate`` a second, which may change at any time. Pure.

    ``most``: how many may go at once when the last ones were late.
    """

    rate: float
    most: float = math.inf
    _tokens: float = field(default=1.0, init=False)
    _filled: float = field(default=-math.inf, init=False)

    def wait(self, now: float) -> float:
        """Seconds until the next request may go, were the rate to stay; 0 when it may."""
        if now > self._filled:
            most = max(1.0, min(self.most, 1 + self.rate * CATCH_UP_S))
            self._tokens = min(most, self._tokens + (now - self._filled) * self.rate)
            self._filled = now
        return max(0.0, (1 - self._tokens) / self.rate)

    def take(self) -> None:
        """A request goes."""
        self._tokens -= 1


SAFE = 0.99
"""Share of a new estimate that is asked for, until it has held for 5 s."""

PROOF_S = 5.0
PROVEN_S = 1.5
"""After this long without a refusal, a rate that is then refused is suspected to be right all the same."""

TYPICAL_ERROR = 0.25
"""Of an estimate, in requests: the bucket held between none and one when it refused."""

LEFT_ALONE = 0.025
"""An estimate may stay this share too low for a minute: to find out costs a Retry-After."""

DOUBLING_S = 0.25
"""The rate doubles in this time, or in two round trips if they take longer, while it is searched for: a
refusal is known a round trip late, and all that is sent until then is refused too."""

LOOK_AGAIN_S = 0.02
"""While the rate is searched for, a wait is looked at again after this long."""

DEEPEST = 0.5
"""Share of a known rate that one refusal leaves at least: what it measures may be too little to go by."""

CALM_S = 60.0
STEP_S = 10.0
STEP = 0.01
BOLD_STEP = 0.08
LARGEST_STEP = 0.25
"""After a minute without a refusal the rate is tried upwards, every 10 s, by 1 %, 2 %, 4 % ... up to 25 %:
a refusal costs all senders the service's Retry-After, so near a known limit it is not sought. The estimate
that ends a search was made in a fraction of a second, so the first trial after it begins with 8 %. A trial
that is refused confirms the rate from which it began, and the next one waits for twice as long."""

MOST_PATIENCE = 8.0
"""Calms that a trial waits for at most."""

CHEAP_S = 0.1
"""A refusal that asks for no longer wait than this costs little more than the one request that it befell."""

RECENT = 100
COMPANY = 5
"""Such a refusal is believed when it is the fifth among 100 requests: services refuse a request now and then
for reasons that have nothing to do with its sender's rate."""

CHEAP_CALM = 0.1
"""After cheap refusals the rate is tried upwards in a tenth of the time that it takes after others."""

SETTLING_S = 0.1
"""Least time after a refusal without another request, for all that was on its way to come back."""

SLACK = 0.1
SHORTEST_SPAN_S = 0.02
KEPT = 4096


@dataclass(slots=True)
class _Refusal:
    """A refusal: more of what was on its way may come back refused, or taken, until ``over_at``.

    ``refused``: when those refused were sent.
    """

    over_at: float
    refused: list[float] = field(default_factory=list)

    def empty_at(self, taken: Sequence[float]) -> float:
        """When what was sent first met an empty bucket.

        Requests overtake each other, so it is the time that parts those taken from those refused best: as
        many of these were sent before as of those after.
        """
        refused = sorted(self.refused)
        for count, at in enumerate(refused, 1):
            if count >= len(taken) - bisect.bisect_right(taken, at):
                return at
        return refused[-1]


@dataclass(slots=True)
class LearnedRate:
    """Learns a service's limit on requests a second from its refusals (429). Pure.

    A limiter of the usual kind is a bucket: in any span of t seconds it lets at most ``burst + rate * t``
    through, and when it refuses, it is empty. The first refusal tells about the burst; then the rate is
    doubled, from what was let through on average, until the second refusal; and from the two together
    come both. Every later refusal measures again, over all the time since the one before.
    """

    burst: float = 1.0
    searching: bool = field(default=False, init=False)
    """Whether the rate rises all the time."""
    _rate: float | None = field(default=None, init=False)
    _sent: deque[float] = field(default_factory=lambda: deque(maxlen=KEPT), init=False)
    _first: tuple[float, Sequence[float]] | None = field(default=None, init=False)
    _refusal: _Refusal | None = field(default=None, init=False)
    _empty_at: float = field(default=-math.inf, init=False)
    _opened_at: float = field(default=0.0, init=False)
    _rtt: float = field(default=0.0, init=False)
    _step_at: float = field(default=math.inf, init=False)
    _step: float = field(default=STEP, init=False)
    _doubt: float = field(default=0.0, init=False)
    _trial_from: float | None = field(default=None, init=False)
    _patience: float = field(default=1.0, init=False)
    _calm: float = field(default=1.0, init=False)
    _recent: deque[bool] = field(default_factory=lambda: deque(maxlen=RECENT), init=False)

    @property
    def opens_at(self) -> float:
        """Nothing should be sent before, for what a refusal says to be understood."""
        return -math.inf if self._refusal is None else self._refusal.over_at

    def at(self, now: float) -> float | None:
        """The rate to hold to now; None while there is no sign of a limit."""
        if self._refusal is not None and now >= self._refusal.over_at:
            self._learn(self._refusal, now)
        if self._rate is None:
            return None
        if self.searching:
            doublings = (now - self._opened_at) / max(DOUBLING_S, 2 * self._rtt)
            return self._rate * 2 ** max(0.0, min(doublings, 20.0))
        if now >= self._step_at:
            self._step_up(now)
        return self._rate

    def _step_up(self, now: float) -> None:
        assert self._rate is not None
        # There are three cases: a new estimate proves right (up to it, and to what it may fall short by);
        # it has been tried to the end of that (a long calm); nothing was refused for long (on and up).
        if self._doubt > 0:
            step = max(STEP, self._doubt / 3)
            self._doubt = self._doubt - step if self._doubt - step > LEFT_ALONE else 0.0
            self._step_at = now + self._calm * (PROOF_S if self._doubt else CALM_S)
        else:
            if self._trial_from is None:
                self._trial_from = self._rate
            else:
                self._patience = 1.0
            step = self._step
            self._step = min(LARGEST_STEP, 2 * step)
            self._step_at = now + self._calm * STEP_S
        self._rate *= 1 + step

    def accepted(self, now: float, rtt: float = 0.0) -> None:
        """A request that was sent ``rtt`` seconds ago was taken."""
        self._sent.append(now - rtt / 2)
        self._recent.append(False)
        self._rtt = rtt

    def refused(self, now: float, rtt: float = 0.0, retry_after: float = 0.0) -> bool:
        """A request that was sent ``rtt`` seconds ago was refused; none goes for ``retry_after`` seconds.

        Gives whether it is believed to be about the rate.
        """
        self._recent.append(True)
        cheap = retry_after <= CHEAP_S
        if cheap and self._refusal is None and sum(self._recent) < COMPANY:
            return False
        self._calm = CHEAP_CALM if cheap else 1.0
        over_at = now + max(retry_after, rtt, SETTLING_S)
        refusal = self._refusal = self._refusal or _Refusal(over_at)
        refusal.over_at = max(refusal.over_at, over_at)
        refusal.refused.append(now - rtt / 2)
        return True

    def _learn(self, refusal: _Refusal, now: float) -> None:
        sent = sorted(self._sent)
        empty_at = refusal.empty_at(sent)
        sent = sent[: bisect.bisect_right(sent, empty_at)]
        self._refusal = None
        held = self.at(empty_at)
        # There are three cases: the first refusal (search upwards from the average), the second (with it
        # both burst and rate are known), a later one.
        if held is None:
            self._first = (empty_at, sent)
            self.burst = max(1.0, len(sent))
            self._rate = max(1.0, len(sent) / max(now - sent[0] if sent else 0.0, 1.0))
            self.searching = True
        else:
            found, counted = self._measured(empty_at, sent)
            for _ in range(4 if self.searching else 0):
                self.burst = self._burst_at(found)
                found, counted = self._measured(empty_at, sent)
            self._rate = max(1.0, SAFE * min(found, held), held * (0.0 if self.searching else DEEPEST))
            self._doubt = 1 - SAFE + TYPICAL_ERROR / counted
            if not self.searching and empty_at - self._opened_at >= PROVEN_S:
                # The rate had held for some time: what was sent may have come in a heap after a stall.
                self._doubt = max(self._doubt, held / self._rate - 1)
            self._step = BOLD_STEP if self.searching else STEP
            self.searching = False
            self._step_at = now + self._calm * PROOF_S
            self._end_trial(held, now)
        self._sent.clear()
        self._recent.clear()
        self._empty_at = empty_at
        self._opened_at = now

    def _end_trial(self, held: float, now: float) -> None:
        """Where a trial is refused before it got far, the rate before it is right: it had held for long."""
        before, self._trial_from = self._trial_from, None
        if before is None or self._calm < 1 or held > before * (1 + BOLD_STEP) + 1e-9:
            return
        assert self._rate is not None
        self._rate = max(before, self._rate)
        self._doubt = 0.0
        self._patience = min(MOST_PATIENCE, 2 * self._patience)
        self._step_at = now + self._patience * CALM_S

    def _burst_at(self, rate: float) -> float:
        """The burst that the first refusal shows, were this the rate: a whole number, up to one more than
        what was let through beyond the rate, since the bucket held up to one when it refused.
        """
        assert self._first is not None
        empty_at, sent = self._first
        beyond = (len(sent) - i - rate * (empty_at - at) for i, at in enumerate(sent))
        return max(1.0, math.ceil(max(beyond, default=1.0) - SLACK))

    def _measured(self, empty_at: float, sent: Sequence[float]) -> tuple[float, float]:
        """The rate at which what was sent since the refusal before is let through, and no more.

        With it, the number of requests that it was measured by. Either the bucket had not filled up again
        (then it is the average since that refusal), or it had (then it is what went beyond the burst in
        some span up to now, and half of the one that did not).
        """
        average = len(sent) / max(empty_at - self._empty_at, SHORTEST_SPAN_S)
        beyond = (
            (counted / (empty_at - at), counted)
            for i, at in enumerate(sent)
            if (counted := len(sent) - i - self.burst + 0.5) > 0 and empty_at - at >= SHORTEST_SPAN_S
        )
        return max((average, max(1.0, len(sent))), max(beyond, default=(0.0, 1.0)))
