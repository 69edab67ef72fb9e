"""Shows how a run gets on, on standard error: live on a terminal, plain lines elsewhere.

Listens to events; knows nothing of the run itself.
"""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from asyncclean.cli.eta import Eta, words
from asyncclean.cli.heard import VERBS, Heard
from asyncclean.cli.report import counted
from asyncclean.events import Event, Listener, Note, Phase, PhaseEnded, Progress, ignore

LINE_S = 5.0
"""Least seconds between two plain lines of one phase."""


@contextmanager
def progress(phases: tuple[Phase, ...], *, quiet: bool = False) -> Iterator[Listener]:
    """A listener that shows what it hears until the end of the block."""
    if quiet:
        yield ignore
    elif sys.stderr.isatty():
        from asyncclean.cli.live import live  # noqa: PLC0415  takes memory that others need not give

        with live(Eta(phases)) as listener:
            yield listener
    else:
        yield Lines(sys.stderr, Eta(phases)).hear


class Lines:
    """A line now and then, for logs."""

    def __init__(self, stream: TextIO, eta: Eta) -> None:
        self._stream = stream
        self._heard = Heard(eta)
        self._told_at = time.monotonic()

    def hear(self, event: Event) -> None:
        now = time.monotonic()
        self._heard.hear(event, now)
        match event:
            case Progress(phase) if phase in self._heard.phases and now - self._told_at >= LINE_S:
                self._told_at = now
                self._progress(phase, now)
            case PhaseEnded(phase, seconds, records):
                moved = (
                    f": {counted(records, 'record')} in {words(seconds)}"
                    if records
                    else f": {words(seconds)}"
                )
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
            print(text, file=self._stream, flush=True)
        except OSError:  # standard error went away: nothing of the run depends on it
            self._stream = open("/dev/null", "w")  # noqa: SIM115, PTH123
