"""Companies' names: the legal form, and capitals where all was written in one case. Knows no registers."""

import re
from functools import lru_cache

from asyncclean.workflows.names import cased
from asyncclean.workflows.spellings import INITIALS, LEGAL_FORMS, MEANINGLESS, SHORT_WORDS, SMALL_WORDS
from asyncclean.workflows.verdicts import Finding

_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")
_SOMETHING = re.compile(r"[^\W_]")
_VOWEL = re.compile(r"(?i)[aeiouyà-öø-ÿ]")


def _word(word: str, first: bool, shouted: bool) -> str:
    lower = word.lower()
    if lower in SMALL_WORDS:
        return lower.capitalize() if first else lower
    if shouted and (
        not _VOWEL.search(word) or lower in INITIALS or (len(word) <= 3 and lower not in SHORT_WORDS)
    ):
        return word
    return cased(word, family=True)


def _recased(token: str, first: bool, shouted: bool) -> str:
    if shouted and "&" in token[1:-1]:  # AT&T, M&S
        return token
    return _WORD.sub(lambda match: _word(match[0], first, shouted), token)


@lru_cache(maxsize=65_536)
def _written(text: str, case: bool) -> tuple[str, str]:
    tokens = text.split(" ")
    # One word alone in capitals is as likely initials or a brand (IKEA, TESCO) as not: left.
    recase = case and (text.islower() or (text.isupper() and len(tokens) > 1))
    shouted = text.isupper()
    written, form_changed = [], False
    for place, token in enumerate(tokens):
        lower = token.lower()
        form = LEGAL_FORMS.get(lower) if place else None
        if (
            form
            and case
            and (recase or (place == len(tokens) - 1 and (token.islower() or lower.endswith("."))))
        ):
            form_changed = form_changed or (form != token and not recase)
            written.append(form)
        elif recase:
            written.append(_recased(token, place == 0, shouted))
        else:
            written.append(token)
    name = " ".join(written)
    if name == text:
        return text, ""
    return name, "legal form" if form_changed else "capitals"


def _examine(text: str, case: bool) -> Finding:
    if not _SOMETHING.search(text) or text.lower() in MEANINGLESS:
        return Finding(None)
    return Finding(*_written(text, case))


def examine(text: str, country: str = "") -> Finding:
    """ "ACME TRADING LTD." -> "Acme Trading Ltd"; mixed case and lone words in capitals stay."""
    return _examine(text, True)


def examine_as_written(text: str, country: str = "") -> Finding:
    """A company's name whose case is left alone."""
    return _examine(text, False)
