"""What a scenario is given to work with: the sink, files, a scratch folder, and a way to measure."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.measure import Measured, measure
from benchmarks.peers import catalogue
from benchmarks.peers.catalogue import Peer
from benchmarks.rounds import Case, Runs, interleave
from benchmarks.sink.behaviour import Behaviour
from benchmarks.sink.process import PROJECT, RunningSink, running_sink

BLOCK = 1000
"""Records in a block and in a page."""


PLAIN = Behaviour()
"""Answer at once."""


def say(line: str) -> None:
    """Tell the person who watches."""
    print(line, file=sys.stderr, flush=True)


@dataclass(slots=True)
class Bench:
    """One run of the benchmarks.

    ``rounds``: how often each command is measured; ``notes``: what was left out, and why.
    """

    sink: RunningSink
    scratch: Path
    rounds: int
    quick: bool
    notes: list[str] = field(default_factory=list)
    _warm: set[Path] = field(default_factory=set)

    def file(self, rows: int, kind: str = "csv") -> Path:
        """The benchmark file of so many rows; made if need be, and read once so that it is in memory."""
        # In a process of its own: what measures must stay small (see measure.py).
        command = [sys.executable, "-m", "benchmarks.data", str(rows), kind]
        made = subprocess.run(command, cwd=PROJECT, check=True, capture_output=True, text=True)
        path = Path(made.stdout.strip())
        if path not in self._warm:
            with path.open("rb", buffering=0) as file:
                while file.read(1 << 20):
                    pass
            self._warm.add(path)
        return path

    def out(self, name: str) -> Path:
        """Where a command may write; emptied before each run."""
        return self.scratch / name

    def peer(
        self, peer: Peer, records: int, *arguments: object, name: str | None = None, **facts: Any
    ) -> list[Case]:
        """The peer as a case, or nothing and a note when it is not installed."""
        if missing := peer.missing():
            self.note(f"{peer.name} is left out: {', '.join(missing)} is not installed (the extra `bench`).")
            return []
        command = peer.command(*arguments)
        return [Case(name or peer.name, command, records, catalogue.moved, {"about": peer.about, **facts})]

    def note(self, text: str) -> None:
        """Something that the reader of the results should know."""
        if text not in self.notes:
            self.notes.append(text)
            say(f"  note: {text}")

    def run(self, cases: Sequence[Case], *, behaviour: Behaviour = PLAIN, rounds: int | None = None) -> Runs:
        """Measure all cases in turns, each against a sink that has forgotten everything and behaves so."""
        return interleave(cases, rounds or self.rounds, lambda case: self._one(case, behaviour), say)

    def _one(self, case: Case, behaviour: Behaviour) -> Measured:
        for left in self.scratch.iterdir():
            shutil.rmtree(left) if left.is_dir() else left.unlink()
        self.sink.reset(behaviour)
        measured = measure(case.command, cwd=self.scratch, env=_environment())
        return replace(measured, sink=self.sink.statistics())


def _environment() -> Mapping[str, str]:
    """Ours, without what would change asyncclean's defaults; modules are found from any folder."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ASYNCCLEAN_")}
    return {**kept, "PYTHONPATH": str(PROJECT)}


@contextmanager
def benching(*, rounds: int, quick: bool) -> Iterator[Bench]:
    """A bench with a sink of its own; both gone afterwards, however it ends."""
    with TemporaryDirectory(prefix="asyncclean-bench-") as scratch, running_sink() as sink:
        yield Bench(sink, Path(scratch), rounds, quick)
