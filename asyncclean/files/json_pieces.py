"""What passes between those who tell JSON records apart and those who read them. Knows neither."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from asyncclean.files.blocks import Position
from asyncclean.files.json_lines import JsonLines
from asyncclean.files.window import Window


@dataclass(frozen=True, slots=True)
class Pieces:
    """Records as they are written, one a line. ``lines``: where each begins in the source, or None where
    record i is on line ``start.line + i``.

    ``proven``: each is what was asked to be proven. ``regular``: they were told apart by looks, and rightly.
    """

    data: JsonLines
    start: Position
    lines: Sequence[int] | None
    proven: bool
    regular: bool

    def line_of(self, index: int) -> int:
        return self.start.line + index if self.lines is None else self.lines[index]


Proof = Callable[[bytes], bool]
"""Whether every one of these lines is a record."""


class Splitter(Protocol):
    """Takes the whole records out of a window.

    Records are first told apart by their looks; if that is not ``proven`` right, exactly.
    """

    def begin(self, *, at_start: bool) -> None:
        """The next window is the first of a reading, from the file's start or from a record."""
        ...

    def take(self, window: Window, proven: Proof) -> Pieces: ...
