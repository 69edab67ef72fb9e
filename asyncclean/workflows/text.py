"""Text as such: broken encodings, spaces, characters that nobody sees. Knows no kind of value."""

import re

import ftfy

_TIDY = re.compile(r"[!-%'-~]+(?: [!-%'-~]+)*")
"""Printable ASCII without ``&``, words one space apart: nothing to do, which is most values."""

_ACCENTED = "[À-ÁÄ-ÖØ-ßà-öø-ÿ](?![^\x00-\x7f])"
"""One accented letter on its own. Mojibake is of two or more such in a row, but for the "Ã " of "à" and the
"Â " of a no-break space, whose second is a space."""

_TIDY_ACCENTED = re.compile(rf"(?:[!-%'-~]++|{_ACCENTED})++(?: (?:[!-%'-~]++|{_ACCENTED})++)*+")

_PRINTABLE = re.compile("[\t\n\r -~]*")
_ENTITY = re.compile(r"&(?:[A-Za-z][A-Za-z0-9]{1,31}|#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6});")

_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff\ufffe\uffff]"
)
"""Controls, soft hyphens, zero-width spaces, direction and byte-order marks. The joiners U+200C and U+200D
stay: Persian and Indic names and emoji need them."""

_LINE_END = re.compile("\r\n|[\n\r\x0b\x0c\x85\u2028\u2029]")


def repair(text: str) -> tuple[str, str]:
    """Undoes mojibake ("ZoÃ«"), HTML entities, curled quotes, ligatures and wide letters; composes accents.

    Only text with an entity or a character that is not printable ASCII is looked at: ftfy costs 20-100 us.
    """
    if _PRINTABLE.fullmatch(text) and not _ENTITY.search(text):
        return text, ""
    repaired = ftfy.fix_text(text)
    if repaired == text:
        return text, ""
    return repaired, "encoding" if ftfy.fix_encoding(text) != text else "characters"


def _tidy(text: str, *, repair_encoding: bool, lines: bool) -> tuple[str, str]:
    if _TIDY.fullmatch(text) or _TIDY_ACCENTED.fullmatch(text):
        return text, ""
    changes = []
    if repair_encoding:
        text, change = repair(text)
        if change:
            changes.append(change)
    seen = _UNSEEN.sub("", text)
    if seen != text:
        changes.append("unseen characters")
    if lines:
        spaced = "\n".join(" ".join(line.split()) for line in _LINE_END.split(seen)).strip()
    else:
        spaced = " ".join(seen.split())
    if spaced != seen:
        changes.append("spaces")
    return spaced, ", ".join(changes)


def tidy_value(text: str) -> tuple[str, str]:
    """Repaired, on one line, without spaces at the ends or two in a row."""
    return _tidy(text, repair_encoding=True, lines=False)


def tidy_spaces(text: str) -> tuple[str, str]:
    """As `tidy_value`, without the repair of encodings."""
    return _tidy(text, repair_encoding=False, lines=False)


def tidy_lines(text: str) -> tuple[str, str]:
    """As `tidy_value`, with line ends kept (as ``\\n``): for addresses and notes."""
    return _tidy(text, repair_encoding=True, lines=True)


def tidy_line_spaces(text: str) -> tuple[str, str]:
    """As `tidy_lines`, without the repair of encodings."""
    return _tidy(text, repair_encoding=False, lines=True)
