"""Shows how a run gets on, on standard error: a live bar on a terminal, plain lines elsewhere.

Listens to events; knows nothing of the run itself.
"""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, TaskID, TextColumn
from rich.progress import Progress as Bar

from asyncclean.cli.eta import Eta, words
from asyncclean.events import (
    Bound,
    Event,
    Listener,
    Note,
    Phase,
    PhaseEnded,
    PhaseStarted,
    Progress,
    Retried,
    ignore,
)

LINE_S = 5.0
"""Least seconds between two plain lines of one phase."""

VERBS: dict[Phase, str] = {
    "read": "Reading",
    "upload": "Uploading",
    "job": "Cleansing",
    "download": "Downloading",
}


@contextmanager
def progress(phases: tuple[Phase, ...], *, quiet: bool = False, label: str = "") -> Iterator[Listener]:
    """A listener that shows what it hears until the end of the block."""
    if quiet:
        yield ignore
    elif sys.stderr.isatty():
        with _bar() as bar:
            yield _Live(bar, Eta(phases), label).hear
    else:
        yield _Lines(sys.stderr, Eta(phases), label).hear


def _bar() -> Bar:
    return Bar(
        TextColumn("{task.description:<12}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TextColumn("{task.fields[figures]}"),
        console=Console(stderr=True),
        refresh_per_second=8,
    )


@dataclass(slots=True)
class _Phase:
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
class _Heard:
    """What both ways of showing keep."""

    eta: Eta
    label: str
    phases: dict[Phase, _Phase] = field(default_factory=dict)
    retries: int = 0

    def hear(self, event: Event, now: float) -> None:
        self.eta.feed(event, now)
        match event:
            case PhaseStarted(phase, total, _):
                self.phases[phase] = _Phase(now, total)
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


class _Live:
    """A bar a phase."""

    def __init__(self, bar: Bar, eta: Eta, label: str) -> None:
        self._bar = bar
        self._heard = _Heard(eta, label)
        self._tasks: dict[Phase, TaskID] = {}

    def hear(self, event: Event) -> None:
        now = time.monotonic()
        self._heard.hear(event, now)
        match event:
            case PhaseStarted(phase, total, _):
                if phase in self._tasks:
                    self._bar.update(self._tasks[phase], total=total)
                else:
                    self._tasks[phase] = self._bar.add_task(VERBS[phase], total=total, figures="")
            case Progress(phase, done) if phase in self._tasks:
                figures = (self._heard.phases[phase].figures(now), self._heard.left(now))
                text = ", ".join(part for part in figures if part)
                self._bar.update(self._tasks[phase], completed=done, figures=text)
            case PhaseEnded(phase, seconds, records) if phase in self._tasks:
                total = self._heard.phases[phase].total or 1
                text = f"{records:,} records in {words(seconds)}" if records else words(seconds)
                self._bar.update(self._tasks[phase], total=total, completed=total, figures=text)
            case Note(text):
                self._bar.console.print(f"[dim]{self._heard.label}[/dim]{text}", markup=True, highlight=False)
            case _:
                pass


class _Lines:
    """A line now and then, for logs."""

    def __init__(self, stream: TextIO, eta: Eta, label: str) -> None:
        self._stream = stream
        self._heard = _Heard(eta, label)
        self._told_at = time.monotonic()

    def hear(self, event: Event) -> None:
        now = time.monotonic()
        self._heard.hear(event, now)
        match event:
            case Progress(phase) if phase in self._heard.phases and now - self._told_at >= LINE_S:
                self._told_at = now
                self._progress(phase, now)
            case PhaseEnded(phase, seconds, records):
                moved = f": {records:,} records in {words(seconds)}" if records else f": {words(seconds)}"
                self._say(f"{VERBS[phase]} done{moved}")
            case Note(text):
                self._say(text)
            case _:
                pass

    def _progress(self, phase: Phase, now: float) -> None:
        shown = self._heard.phases[phase]
        share = f"{100 * shown.done / shown.total:.0f} %" if shown.total else ""
        parts = (share, shown.figures(now), self._heard.left(now))
        self._say(f"{VERBS[phase]}: " + ", ".join(part for part in parts if part))

    def _say(self, text: str) -> None:
        try:
            print(f"{self._heard.label}{text}", file=self._stream, flush=True)
        except OSError:  # standard error went away: nothing of the run depends on it
            self._stream = open("/dev/null", "w")  # noqa: SIM115, PTH123
