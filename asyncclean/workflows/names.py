"""People's names and titles: how they are written. Knows habits of spelling, no people.

A word in mixed case was written by somebody who meant it (DeShawn, McDonald, van der Berg) and stays. Only
words all in capitals or all in small letters are cased.
"""

import re
from functools import lru_cache

from asyncclean.workflows.spellings import (
    LETTERS_AFTER,
    MAC_SURNAMES,
    MEANINGLESS,
    PARTICLES,
    TITLES,
    TITLES_BEFORE_NAMES,
)
from asyncclean.workflows.verdicts import Finding

_WORD = re.compile(r"[^\W\d_]+(?:['’ʼ][^\W\d_]+)*['’]?")
_INITIALS = re.compile(r"(?:[^\W\d_]\.)+[^\W\d_]?")
_ORDINAL = re.compile(r"(?i)\b(?:1st|2nd|3rd|[4-9]th)\b")
_DIGIT = re.compile(r"[0-9]")
_VOWEL = re.compile(r"(?i)[aeiouyà-öø-ÿ]")


@lru_cache(maxsize=65_536)
def _cased(word: str, family: bool) -> str:
    """One word of letters and apostrophes, all capitals or all small, as a name is written."""
    head, apostrophe, rest = word.partition("'")
    if apostrophe:
        small = rest.lower()
        # O'Brien, D'Arcy, De'Andre; but the 's of a possessive and a closing apostrophe stay small.
        last = small.capitalize() if len(head) <= 2 and len(small) > 1 else small
        return head.capitalize() + apostrophe + last
    lower = word.lower()
    if lower.startswith("mc") and len(lower) > 4:
        return "Mc" + lower[2:].capitalize()
    if family and lower in MAC_SURNAMES:
        return "Mac" + lower[3:].capitalize()
    return lower.capitalize()


def _needs_case(word: str) -> bool:
    return word.islower() or (word.isupper() and len(word) > 1)


def _token(token: str, family: bool, last: bool) -> str:
    """One token of a name between spaces: "JEAN-LUC", "(BOB)", "j.r.r."."""
    if _INITIALS.fullmatch(token):
        return token.upper()
    if not last and token.lower() in PARTICLES and family:
        return token.lower() if token.isupper() and len(token) > 1 else token

    def one(match: re.Match[str]) -> str:
        word = match[0]
        return _cased(word, family) if _needs_case(word) else word

    return _WORD.sub(one, token)


@lru_cache(maxsize=65_536)
def case_given(text: str) -> str:
    """A given name, or several: "jean-luc" -> "Jean-Luc"; "JP" and "T.J." stay."""
    tokens = text.split(" ")
    return " ".join(
        token
        if len(token) == 2 and token.isalpha() and token.isupper() and not _VOWEL.search(token)
        else _token(token, False, True)
        for token in tokens
    )


@lru_cache(maxsize=65_536)
def case_family(text: str) -> str:
    """A surname: "O'BRIEN" -> "O'Brien", "VAN DER BERG" -> "van der Berg", "smith jr" -> "Smith Jr"."""
    tokens = text.split(" ")
    end = len(tokens) - 1
    written = []
    for place, token in enumerate(tokens):
        suffix = LETTERS_AFTER.get(token.lower().rstrip(".,")) if place else None
        if suffix and _needs_case(token.rstrip(".,")):
            written.append(suffix)
        else:
            written.append(_token(token, True, place == end))
    return " ".join(written)


def case_full(text: str) -> str:
    """A whole name, in the order given: "DR JANE VAN DER BERG PHD" -> "Dr Jane van der Berg PhD"."""
    tokens = text.split(" ")
    end = len(tokens) - 1
    written: list[str] = []
    named = False
    for place, token in enumerate(tokens):
        bare = token.lower().strip(".,")
        if not named and place < end and bare in TITLES_BEFORE_NAMES:
            written.append(TITLES[bare] if _needs_case(token.strip(".,")) or token.endswith(".") else token)
            continue
        suffix = LETTERS_AFTER.get(bare) if named else None
        if suffix and _needs_case(token.strip(".,")):
            written.append(suffix + ("," if token.endswith(",") else ""))
        else:
            written.append(_token(token, named or token.endswith(","), place == end))
        named = True
    return " ".join(written)


def _is_name(text: str) -> bool:
    return (
        _WORD.search(text) is not None
        and "@" not in text
        and "://" not in text
        and text.lower() not in MEANINGLESS
        and (_DIGIT.search(text) is None or _DIGIT.search(_ORDINAL.sub("", text)) is None)
    )


def _finding(text: str, cased: str) -> Finding:
    return Finding(cased, "" if cased == text else "capitals")


def examine_given(text: str, country: str = "") -> Finding:
    """Given or middle names. Not a name: no letters, digits, an address, "unknown" and its like."""
    return _finding(text, case_given(text)) if _is_name(text) else Finding(None)


def examine_family(text: str, country: str = "") -> Finding:
    """A surname; not a name as in `examine_given`."""
    return _finding(text, case_family(text)) if _is_name(text) else Finding(None)


def examine_full(text: str, country: str = "") -> Finding:
    """A whole name, in the order given; not a name as in `examine_given`."""
    return _finding(text, case_full(text)) if _is_name(text) else Finding(None)


def examine_as_written(text: str, country: str = "") -> Finding:
    """A name of any sort whose case is left alone; not a name as in `examine_given`."""
    return Finding(text if _is_name(text) else None)


def examine_title(text: str, country: str = "") -> Finding:
    """A known title in its usual form ("MR." -> "Mr"); any other text stays: jobs have titles too."""
    if not _WORD.search(text):
        return Finding(None)
    words = []
    for token in text.replace("/", " / ").split():
        word = TITLES.get(token.lower().rstrip("."))
        if word is None:
            return Finding(text)
        words.append(word)
    title = " ".join(words).replace(" / ", "/")
    title = title[0].upper() + title[1:]
    return Finding(title, "" if title == text else "usual form")
