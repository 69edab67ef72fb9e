"""What has been heard of a run, for those who show it. Knows events; shows nothing."""

from dataclasses import dataclass, field

from asyncclean.cli.eta import Eta, words
from asyncclean.events import Bound, Event, Phase, PhaseStarted, Progress, Retried

VERBS: dict[Phase, str] = {
    "read": "Reading",
    "upload": "Uploading",
    "job": "Cleansing",
    "download": "Downloading",
}


@dataclass(slots=True)
class Shown:
    """One phase as it is shown. ``first``: records when it was first heard of, to rate this run alone."""

    began: float
    total: int | None
    first: int | None = None
    records: int = 0
    done: int = 0
    bound: Bound | None = None

    def figures(self, now: float) -> str:
        """``12,000 records, 81,000/s (limit: network)``; nothing where no records are counted."""
        if not self.records:
            return ""
        seconds = now - self.began
        rate = (self.records - (self.first or 0)) / seconds if seconds > 0 else 0.0
        by = f" (limit: {self.bound})" if self.bound else ""
        return f"{self.records:,} records, {rate:,.0f}/s{by}"


@dataclass(slots=True)
class Heard:
    """What both ways of showing keep."""

    eta: Eta
    phases: dict[Phase, Shown] = field(default_factory=dict)
    retries: int = 0

    def hear(self, event: Event, now: float) -> None:
        self.eta.feed(event, now)
        match event:
            case PhaseStarted(phase, total, _):
                self.phases[phase] = Shown(now, total)
            case Progress(phase, done, records) if phase in self.phases:
                shown = self.phases[phase]
                shown.first = records if shown.first is None else shown.first
                shown.done, shown.records, shown.bound = done, records, event.bound
            case Retried():
                self.retries += 1
            case _:
                pass

    def left(self, now: float) -> str:
        left = self.eta.left(now)
        return "" if left is None else f"{words(left)} left"
