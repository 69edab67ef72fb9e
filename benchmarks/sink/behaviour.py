"""What the sink does to a request: how long it takes, or how it goes wrong. Pure: no sockets, no clock."""

import heapq
from collections import deque
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal, Self

Fault = Literal["500", "503", "reset", "truncate"]
FAULTS: tuple[Fault, ...] = ("500", "503", "reset", "truncate")


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How the sink treats requests.

    Attributes:
        latency: seconds added to every request, as a distant network would.
        capacity: how many requests are served at once, 0 for no limit; each takes ``service`` seconds.
        queue: how many may wait for their turn; more are refused with ``refusal``. None: all may wait.
        rate: requests a second that are let through, 0 for no limit (a bucket of ``burst`` tokens);
            more are answered 429 with ``Retry-After: retry_after``.
        fault_every: every nth request goes wrong, 0 for none, in the ways ``faults``, in turn.
        check: look into the blocks (count, order, checksum) instead of only discarding them.
    """

    latency: float = 0.0
    capacity: int = 0
    service: float = 0.0
    queue: int | None = None
    refusal: int = 503
    rate: float = 0.0
    burst: float = 10.0
    retry_after: int = 1
    fault_every: int = 0
    faults: tuple[Fault, ...] = FAULTS
    check: bool = False

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of(cls, fields: dict[str, Any]) -> Self:
        known = {**fields, "faults": tuple(fields.get("faults", FAULTS))}
        return cls(**known)


@dataclass(frozen=True, slots=True)
class Serve:
    """Answer after ``delay`` seconds."""

    delay: float


@dataclass(frozen=True, slots=True)
class Refuse:
    """Answer ``status`` after ``delay`` seconds; ``retry_after`` seconds go in the header unless None."""

    status: int
    delay: float
    retry_after: int | None = None


@dataclass(frozen=True, slots=True)
class Break:
    """Go wrong in this way after ``delay`` seconds."""

    fault: Fault
    delay: float


Verdict = Serve | Refuse | Break


class Gate:
    """Decides on each request as it has arrived. Times are seconds of any clock that does not go back.

    The capacity is a queue in virtual time: a request's turn is known as soon as it arrives, since all
    take equally long, so that nothing needs to be woken up.
    """

    def __init__(self, behaviour: Behaviour, now: float) -> None:
        self._behaviour = behaviour
        self._free = [now] * behaviour.capacity
        self._waiting: deque[float] = deque()
        self._tokens = behaviour.burst
        self._filled = now
        self._seen = 0
        self._broken = 0

    def decide(self, now: float) -> Verdict:
        """What becomes of a request that arrives at ``now``."""
        behaviour = self._behaviour
        self._seen += 1
        if behaviour.fault_every and self._seen % behaviour.fault_every == 0:
            fault = behaviour.faults[self._broken % len(behaviour.faults)]
            self._broken += 1
            return Break(fault, behaviour.latency)
        if behaviour.rate and not self._take_token(now):
            return Refuse(429, behaviour.latency, behaviour.retry_after)
        if not behaviour.capacity:
            return Serve(behaviour.service + behaviour.latency)
        return self._queue_up(now)

    def _take_token(self, now: float) -> bool:
        earned = (now - self._filled) * self._behaviour.rate
        self._tokens = min(self._behaviour.burst, self._tokens + earned)
        self._filled = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True

    def _queue_up(self, now: float) -> Verdict:
        behaviour = self._behaviour
        while self._waiting and self._waiting[0] <= now:
            self._waiting.popleft()
        begin = max(now, self._free[0])
        if begin > now:
            if behaviour.queue is not None and len(self._waiting) >= behaviour.queue:
                return Refuse(behaviour.refusal, behaviour.latency)
            self._waiting.append(begin)
        end = begin + behaviour.service
        heapq.heapreplace(self._free, end)
        return Serve(end - now + behaviour.latency)


@dataclass(slots=True)
class Meter:
    """How many requests were at the sink over time. In flight: from the head's arrival to the answer.

    Only requests for blocks and pages are measured, and only between the first and the last of them.
    """

    started: float | None = None
    ended: float = 0.0
    in_flight: int = 0
    peak: int = 0
    answered: int = 0
    refused: int = 0
    broken: int = 0
    bytes: int = 0
    _area: float = 0.0
    _changed: float = 0.0

    def _advance(self, now: float) -> None:
        if self.started is not None:
            self._area += self.in_flight * (now - self._changed)
            self._changed = now

    def arrive(self, now: float) -> None:
        if self.started is None:
            self.started = self._changed = now
        self._advance(now)
        self.in_flight += 1
        self.peak = max(self.peak, self.in_flight)

    def count(self, now: float, status: int, *, broken: bool = False) -> None:
        """A request leaves with this status, or broken on purpose."""
        self._advance(now)
        self.in_flight -= 1
        self.ended = now
        if broken:
            self.broken += 1
        elif status < 400:
            self.answered += 1
        else:
            self.refused += 1

    def area(self, now: float) -> float:
        """The integral of requests in flight over time, so far."""
        return self._area + (self.in_flight * (now - self._changed) if self.started is not None else 0.0)

    def as_dict(self) -> dict[str, float]:
        seconds = self.ended - self.started if self.started is not None else 0.0
        return {
            "seconds": seconds,
            "answered": self.answered,
            "refused": self.refused,
            "broken": self.broken,
            "bytes": self.bytes,
            "peak_in_flight": self.peak,
            "mean_in_flight": self._area / seconds if seconds else 0.0,
        }


def parse_faults(text: str) -> tuple[Fault, ...]:
    """``500,reset`` -> a tuple of faults; raises ValueError for an unknown one."""
    return tuple(_known(text.split(",")))


def _known(names: Iterable[str]) -> Iterable[Fault]:
    for name in names:
        match name:
            case "500" | "503" | "reset" | "truncate":
                yield name
            case _:
                raise ValueError(f"no such fault: {name}; choose from {', '.join(FAULTS)}")
