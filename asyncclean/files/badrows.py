"""A record that cannot go up, and what becomes of it. Knows the caller's choice; knows no format."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from asyncclean.errors import InputError
from asyncclean.files.blocks import Reject

LONGEST = 100_000
"""Most characters of a bad record that are kept: a quote never closed may take in a whole file."""

HINT = "Mend it, or set such records aside with --rejects FILE."


@dataclass(frozen=True, slots=True)
class BadRow:
    """``line``: 1-based, in the source. ``column``: the header at fault, or None."""

    line: int
    reason: str
    record: str
    column: str | None = None
    hint: str = HINT


def settle(path: Path, bad: Sequence[BadRow], *, keep: bool) -> list[Reject]:
    """The rejects that bad rows make. Raises InputError for the first one unless they are to be kept."""
    if bad and not keep:
        first = bad[0]
        raise InputError(path, first.reason, line=first.line, column=first.column, hint=first.hint)
    return [
        Reject(
            row.line,
            row.reason if row.column is None else f"column {row.column!r}: {row.reason}",
            row.record[:LONGEST],
        )
        for row in bad
    ]
