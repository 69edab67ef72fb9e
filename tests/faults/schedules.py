"""Says which fault befalls which request. Pure: a request in, a fault or None out, the same for every run.

A request is known by what it asks for (method, target, block) and how often that was asked for before, not
by when it comes, so that a seed gives the same faults however requests overlap.
"""

import random
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import anyio

Kind = Literal[
    "refuse",  # the connection is reset, and so is the next one that is made
    "reset before",  # reset before a byte of it was passed on
    "reset during",  # half of it was passed on
    "reset at once",  # passed on, and reset while the service is at work on it
    "reset after",  # the service has answered, and nobody hears it
    "truncate",  # half of the answer comes
    "garbage",  # what comes as an answer is no HTTP
    "half json",  # half of the answer, as if it were the whole of it
    "html 200",  # something between us and the service answers in its place
    "html 502",
    "500",
    "500 after",  # the service has done it, and says that it failed
    "503",
    "503 past",  # with a Retry-After that is a date in the past
    "429",
    "429 soon",  # with a Retry-After
    "401",
    "stall before",  # nothing comes until the client gives up; it was never passed on
    "stall after",  # it was passed on
    "drip",  # the answer comes in very small pieces
    "duplicate",  # it is delivered twice
    "hold",  # it waits for `until`
]

AMBIGUOUS: frozenset[Kind] = frozenset(
    {"reset at once", "reset after", "truncate", "garbage", "500 after", "stall after", "duplicate"}
)
"""Those after which the service has done what the client cannot know to be done."""

WEIGHTS: Mapping[Kind, float] = {
    "refuse": 1,
    "reset before": 1,
    "reset during": 1,
    "reset at once": 1,
    "reset after": 2,
    "truncate": 2,
    "garbage": 1,
    "html 200": 1,
    "html 502": 1,
    "500": 1,
    "500 after": 1,
    "503": 1,
    "503 past": 0.5,
    "429": 0.5,
    "429 soon": 0.5,
    "401": 1,
    "stall before": 0.2,
    "stall after": 0.2,
    "drip": 0.5,
    "duplicate": 1,
}
"""How often each is drawn, against the others; a stall costs a time-out, so it comes less often."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request as the proxy sees it. ``count``: how many like it came before; ``number``: its own."""

    method: str
    target: str
    block: int | None
    count: int
    number: int

    def matches(self, what: str) -> bool:
        """Whether ``what`` describes it: a method and a pattern of its target, as in ``"PATCH /Dataset"``."""
        method, _, pattern = what.partition(" ")
        return method == self.method and re.search(pattern, self.target) is not None


@dataclass(frozen=True, slots=True)
class Fault:
    """What befalls a request."""

    kind: Kind
    until: anyio.Event | None = None


Schedule = Callable[[Request], Fault | None]


def never(request: Request) -> Fault | None:
    """No fault at all."""
    return None


@dataclass(slots=True)
class Randomly:
    """A share of all requests meets a fault, drawn by weight from a seed."""

    seed: int
    rate: float
    weights: Mapping[Kind, float] = field(default_factory=lambda: WEIGHTS)
    _refused: set[tuple[str, str, int | None]] = field(default_factory=set)

    def __call__(self, request: Request) -> Fault | None:
        what = (request.method, request.target, request.block)
        draw = random.Random(f"{self.seed} {what} {request.count}")
        if draw.random() >= self.rate:
            return None
        (kind,) = draw.choices(list(self.weights), list(self.weights.values()))
        if kind == "401":
            # Credentials that are refused are wrong, and so is a token that is refused twice for one
            # request: the run must end.
            if what in self._refused or request.matches("POST /connect/token"):
                return None
            self._refused.add(what)
        return Fault(kind)


@dataclass(slots=True)
class Scripted:
    """The first ``times`` requests that match ``what`` (after ``skip`` of them) meet a fault."""

    what: str
    fault: Fault
    times: int = 1
    skip: int = 0
    met: Counter[str] = field(default_factory=Counter)

    def __call__(self, request: Request) -> Fault | None:
        if not request.matches(self.what):
            return None
        self.met["seen"] += 1
        if not self.skip < self.met["seen"] <= self.skip + self.times:
            return None
        self.met["faults"] += 1
        return self.fault


def script(what: str, kind: Kind, *, times: int = 1, skip: int = 0) -> Scripted:
    """A schedule of one kind of fault for one kind of request."""
    return Scripted(what, Fault(kind), times, skip)


def all_of(*schedules: Schedule) -> Schedule:
    """The first fault that one of them has."""

    def schedule(request: Request) -> Fault | None:
        faults = [fault for one in schedules if (fault := one(request)) is not None]
        return faults[0] if faults else None

    return schedule
