"""Shows a run on a terminal, a bar a phase. The only place that knows rich, which few runs need to import."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, TaskID, TextColumn
from rich.progress import Progress as Bar

from asyncclean.cli.eta import Eta, words
from asyncclean.cli.heard import VERBS, Heard
from asyncclean.cli.report import counted
from asyncclean.events import Event, Listener, Note, Phase, PhaseEnded, PhaseStarted, Progress


@contextmanager
def live(eta: Eta) -> Iterator[Listener]:
    """A listener that draws on standard error until the end of the block."""
    columns = (
        TextColumn("{task.description:<12}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TextColumn("{task.fields[figures]}"),
    )
    with Bar(*columns, console=Console(stderr=True), refresh_per_second=8) as bar:
        yield Live(bar, eta).hear


class Live:
    """A bar a phase."""

    def __init__(self, bar: Bar, eta: Eta) -> None:
        self._bar = bar
        self._heard = Heard(eta)
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
                text = f"{counted(records, 'record')} in {words(seconds)}" if records else words(seconds)
                self._bar.update(self._tasks[phase], total=total, completed=total, figures=text)
            case Note(text):
                self._bar.console.print(text, markup=False, highlight=False)
            case _:
                pass
