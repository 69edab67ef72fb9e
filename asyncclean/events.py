"""What a run tells its listeners. Knows what happened; does not know who listens."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Phase = Literal["read", "upload", "job", "download"]
"""The parts of a run, in order; ``read`` only where a file must be read ahead of its upload."""


Bound = Literal["reader", "encoder", "writer", "network", "service", "rate"]
"""What a phase waits for: a local stage, the way to the service, the service, or the rate allowed."""

TELL_S = 0.1
"""Least seconds between two `Progress` events of a phase."""


@dataclass(frozen=True, slots=True)
class PhaseStarted:
    """A phase begins. ``total``: how much there is to do, in the unit of its Progress, if known."""

    phase: Phase
    total: int | None = None
    unit: Literal["bytes", "records", "percent"] = "records"


@dataclass(frozen=True, slots=True)
class Progress:
    """A phase got on: ``done`` of its total, and ``records`` so far; at most ten a second.

    ``left``: seconds until the phase is over as the service estimates them, if it does. ``bound``: what is
    the limit so far.
    """

    phase: Phase
    done: int
    records: int
    left: float | None = None
    bound: Bound | None = None


@dataclass(frozen=True, slots=True)
class PhaseEnded:
    """A phase is over. ``seconds``: how long it took; ``records``: how many it moved."""

    phase: Phase
    seconds: float
    records: int


@dataclass(frozen=True, slots=True)
class Retried:
    """A request will be sent again. ``after``: seconds until then."""

    method: str
    path: str
    reason: str
    attempt: int
    after: float


@dataclass(frozen=True, slots=True)
class Note:
    """Something that the user should know, in one sentence."""

    text: str


Event = PhaseStarted | Progress | PhaseEnded | Retried | Note
Listener = Callable[[Event], None]
"""Called on the event loop; must return at once and must not raise."""


def ignore(event: Event) -> None:
    """The listener that does not listen."""
