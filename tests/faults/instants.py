"""Instants at which to kill a run, and what it had noted by then. Knows files and requests; kills nothing."""

import random
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from asyncclean.transfer.journal import Journal, journal_path

Mode = Literal["served", "embedded"]
"""``served``: the service is a process of its own, behind a proxy, and lives on. ``embedded``: it is in the
program, and dies with it.
"""

OUTPUT, REJECTS = "out.csv", "bad.ndjson"
JOURNAL, PART = f"{OUTPUT}.asyncclean", f"{OUTPUT}.asyncclean-part"

STORE = f"{OUTPUT}.asyncclean-server/store.sqlite"

JOURNAL_BYTES = 30_000
"""About what a journal grows to here."""

MANY = ("PATCH /Dataset", "GET .*/data")
REQUESTS = (*MANY, "POST /Dataset", "PUT /Dataset", "POST /Job", "GET /Job")
"""One kind for each step of a run; of some there are many."""


@dataclass(frozen=True, slots=True)
class Usual:
    """What an undisturbed run takes and leaves. ``seconds``: from its first sign of life (served: its first
    request; embedded: its service's store) to its end; ``records``: in its output.
    """

    seconds: float
    records: int
    output: bytes
    rejects: bytes


@dataclass(frozen=True, slots=True)
class Kill:
    """An instant: ``at`` seconds after the first sign of life; or at the request that has this ``number``
    among those like ``request``, before it is passed on or when it is ``answered``; or when ``file`` is there
    with so many ``bytes``.
    """

    at: float | None = None
    request: str = ""
    number: int = 0
    answered: bool = False
    file: str = ""
    bytes: int = 0

    @classmethod
    def draw(cls, source: random.Random, mode: Mode, usual: Usual, already: int) -> "Kill":
        """One of them; ``already``: how often the run was killed before, which leaves less of it to come."""
        kinds = ["time", "time", "file"] if mode == "embedded" else ["time", "time", "request", "file"]
        match source.choice(kinds):
            case "time":
                return cls(at=source.uniform(0.0, usual.seconds / (1 + already)))
            case "request":
                request = source.choice(REQUESTS)
                number = source.randrange(20) if request in MANY else 0
                return cls(request=request, number=number, answered=source.random() < 0.5)
            case _:
                sizes = {JOURNAL: JOURNAL_BYTES, PART: len(usual.output), OUTPUT: 1, REJECTS: 1}
                file = source.choice(list(sizes))
                return cls(file=file, bytes=source.randrange(sizes[file]))

    def is_due(self, folder: Path) -> bool:
        """Whether the file is there with its bytes."""
        try:
            return (folder / self.file).stat().st_size >= self.bytes
        except OSError:
            return False


@dataclass(frozen=True, slots=True)
class Noted:
    """What a killed run had noted: the phase that it was in, and what it need not do again."""

    phase: str
    blocks: int = 0
    pages: int = 0


def noted(folder: Path) -> Noted:
    """What the journal in a folder says, read from a copy of it."""
    output = folder / OUTPUT
    journal = journal_path(output)
    if not journal.exists():
        return Noted("the end" if output.exists() else "the beginning")
    with tempfile.TemporaryDirectory(prefix="asyncclean-noted-") as name:
        for path in folder.glob(f"{journal.name}*"):
            if path.is_file() and path.name in (journal.name, f"{journal.name}-journal"):
                shutil.copy(path, name)
        copy = Journal(Path(name) / journal.name)
        try:
            facts = copy.facts()
            blocks = copy.totals("Contacts").blocks
        finally:
            copy.close()
    state = facts.get("output:Contacts") or {}
    pages = -1 if state.get("whole") else state.get("pages", 0)
    if output.exists():
        phase = "the end"
    elif state.get("whole"):
        phase = "the renaming"
    elif facts.get("started"):
        phase = "the download" if (folder / PART).exists() else "the job"
    elif facts.get("sent:Contacts"):
        phase = "starting the job" if facts.get("completed:Contacts") else "the completion"
    elif facts.get("created:Contacts"):
        phase = "the upload"
    else:
        phase = "the beginning"
    return Noted(phase, blocks, pages)
