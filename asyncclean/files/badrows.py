"""A record that cannot go up, and what becomes of it. Knows the caller's choice; knows no format."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson

from asyncclean.errors import InputError
from asyncclean.files.blocks import Reject
from asyncclean.files.stream import NOT_TEXT

LONGEST = 100_000
"""Most characters of a bad record that are kept: a quote never closed may take in a whole file."""

ENCODING_HINT = "If the file is not UTF-8, name its encoding with --encoding (cp1252, latin-1, utf-16, ...)."
HINT = "Mend it, or set such records aside with --rejects FILE."


def not_text(error: UnicodeDecodeError) -> str:
    """What a text that is not UTF-8 has in it."""
    if error.object.startswith(NOT_TEXT, error.start):
        return "it holds bytes that are no text in the file's encoding."
    return f"byte 0x{error.object[error.start]:02x} is not UTF-8."


@dataclass(frozen=True, slots=True)
class BadRow:
    """``line``: 1-based, in the source. ``column``: the header at fault, or None.

    ``record``: as a JSON object by header, where there are fields to tell apart; else its text.
    """

    line: int
    reason: str
    record: str
    column: str | None = None
    hint: str = HINT


def as_object(headers: Sequence[str], fields: Sequence[str | None]) -> str:
    """A JSON object of the fields by header; those beyond the headers are named by their place: ``+1``."""
    named = dict(zip(headers, fields, strict=False))
    beyond = {f"+{index}": field for index, field in enumerate(fields[len(headers) :], 1)}
    return orjson.dumps(named | beyond).decode()


def settle(path: Path, bad: Sequence[BadRow], *, keep: bool) -> list[Reject]:
    """The rejects that bad rows make. Raises InputError for the first one unless they are to be kept."""
    if bad and not keep:
        first = bad[0]
        raise InputError(path, first.reason, line=first.line, column=first.column, hint=first.hint)
    return [_reject(row) for row in bad]


def _reject(row: BadRow) -> Reject:
    reason = row.reason if row.column is None else f"column {row.column!r}: {row.reason}"
    if len(row.record) > LONGEST:
        reason += f" Of its {len(row.record):,} characters the first {LONGEST:,} are kept here."
    return Reject(row.line, reason, row.record[:LONGEST])
