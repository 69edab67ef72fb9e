"""What is said of one value after a look at it. Knows statuses and changes, no kind of value."""

from collections.abc import Callable
from typing import Literal, NamedTuple

Status = Literal["valid", "corrected", "invalid", "empty"]

Extra = str | bool | None


class Finding(NamedTuple):
    """A tidy, non-empty text as one kind of value.

    Attributes:
        value: the right form, or None when there is none: the text is not a value of the kind.
        change: what was done to reach it, in a few words, or ``""``.
        extras: what else is known, in the order that the kind promises; () when nothing is.
    """

    value: str | None
    change: str = ""
    extras: tuple[Extra, ...] = ()


Examine = Callable[[str, str], Finding]
"""(tidy text, ISO 3166 alpha-2 code of the record's country) -> Finding."""

Tidy = Callable[[str], tuple[str, str]]
"""text -> (tidied text, what was done to it, or "")."""


class Verdict(NamedTuple):
    """What becomes of a value: ``valid`` was right as it stood, ``corrected`` is right now."""

    value: str | None
    status: Status
    change: str | None
    extras: tuple[Extra, ...]


def judge(
    raw: str | None,
    country: str,
    tidy: Tidy,
    examine: Examine,
    *,
    extras: int = 0,
    longest: int | None = None,
    drop_invalid: bool = False,
) -> Verdict:
    """One value's verdict, with exactly ``extras`` extras (None where nothing is known).

    An invalid value stays exactly as it was given, or becomes None with ``drop_invalid``. Null and ``""``
    are left alone; text of nothing but white space becomes ``""``. Text of more than ``longest`` characters
    is invalid without a further look, which some patterns would take long over.
    """
    nothing = (None,) * extras
    if raw is None:
        return Verdict(None, "empty", None, nothing)
    text, change = tidy(raw)
    if not text:
        return Verdict("", "empty", change or None, nothing)
    finding = examine(text, country) if longest is None or len(text) <= longest else Finding(None)
    value, found = finding.value, finding.extras or nothing
    if value is None:
        if drop_invalid:
            return Verdict(None, "invalid", "invalid value dropped", found)
        return Verdict(raw, "invalid", None, found)
    if value == raw:
        return Verdict(raw, "valid", None, found)
    if finding.change:
        change = f"{change}, {finding.change}" if change else finding.change
    return Verdict(value, "corrected", change, found)
