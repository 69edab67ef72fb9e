"""How long a whole run will still take: one figure over its three phases. Pure: facts in, seconds out.

Upload and download go on at the rate that they have had so far; the job takes what the service says, else
what its percentage so far leads to. A phase that has not begun is taken to be as fast as the slowest fact
that is there: the job as long as the upload, the download as fast as the upload. These are first guesses,
replaced by the phase's own figures as soon as it has some.
"""

from dataclasses import dataclass, field

from asyncclean.events import Event, Phase, PhaseEnded, PhaseStarted, Progress

LEAST_SHARE = 0.005
"""Below this share of a phase its own rate says nothing yet."""


@dataclass(slots=True)
class _PhaseState:
    total: int | None = None
    began: float = 0.0
    share: float = 0.0
    left: float | None = None
    seconds: float | None = None


@dataclass(slots=True)
class Eta:
    """Feed it the events of a run with their times, and ask for the seconds left.

    ``phases``: those that the run will have, in order.
    """

    phases: tuple[Phase, ...] = ("upload", "job", "download")
    _states: dict[Phase, _PhaseState] = field(default_factory=dict)

    def feed(self, event: Event, now: float) -> None:
        match event:
            case PhaseStarted(phase, total, _):
                began = self._states[phase].began if phase in self._states else now
                self._states[phase] = _PhaseState(total, began)
            case Progress(phase, done, _, left) if phase in self._states:
                state = self._states[phase]
                state.share = min(1.0, done / state.total) if state.total else 0.0
                state.left = left
            case PhaseEnded(phase, seconds, _):
                self._states.setdefault(phase, _PhaseState()).seconds = seconds
            case _:
                pass

    def left(self, now: float) -> float | None:
        """Seconds until all is done, or None while nothing can be said."""
        known: dict[Phase, float] = {}
        for phase in self.phases:
            whole = self._whole(phase, now)
            if whole is not None:
                known[phase] = whole
        if not known:
            return None
        total = 0.0
        for phase in self.phases:
            state = self._states.get(phase)
            if state is not None and state.seconds is not None:
                continue
            whole = known.get(phase, max(known.values()))
            spent = now - state.began if state is not None else 0.0
            total += max(0.0, whole - spent)
        return total

    def _whole(self, phase: Phase, now: float) -> float | None:
        """How long a phase takes from its beginning to its end."""
        state = self._states.get(phase)
        if state is None:
            return None
        if state.seconds is not None:
            return state.seconds
        spent = now - state.began
        if state.left is not None:
            return spent + state.left
        return spent / state.share if state.share >= LEAST_SHARE else None


def words(seconds: float) -> str:
    """``95`` -> ``1 min 35 s``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
