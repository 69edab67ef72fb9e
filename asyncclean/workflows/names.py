"""People's names and titles: how they are written. Knows habits of spelling, no people.

A word in mixed case was written by somebody who meant it (DeShawn, McDonald, van der Berg) and stays. Only
words all in capitals or all in small letters are cased.
"""

import re
from functools import lru_cache

from asyncclean.workflows.spellings import (
    APOSTROPHE_PREFIXES,
    ARTICLES,
    JOINING,
    LETTERS_AFTER,
    LETTERS_AFTER_COMMA,
    MAC_SURNAMES,
    MEANINGLESS,
    PARTICLES,
    TITLES,
    TITLES_BEFORE_NAMES,
)
from asyncclean.workflows.verdicts import Finding

_LETTERS = re.compile(r"(?<![^\W_])[^\W\d_]+(?:['’ʼ][^\W\d_]+)*['’]?")
_APOSTROPHE = re.compile("['’ʼ]")
_INITIALS = re.compile(r"(?:[^\W\d_]\.)+[^\W\d_]?")
_ORDINAL = re.compile(r"(?i)\b(?:1st|2nd|3rd|[4-9]th)\b")
_DIGIT = re.compile(r"[0-9]")
_VOWEL = re.compile(r"(?i)[aeiouyà-öø-ÿ]")


def _lower(word: str) -> str:
    # The small letter of the Turkish dotted capital is a plain i; Python gives it a second dot.
    return word.lower().replace("i\u0307", "i")


def _capital(word: str) -> str:
    """First letter large, the others small; as it is where that would take two letters (ß)."""
    first = word[:1].upper()
    return first + _lower(word[1:]) if len(first) == 1 else word


@lru_cache(maxsize=65_536)
def cased(word: str, family: bool) -> str:
    """One word of letters and apostrophes, all capitals or all small, as a name is written; ``family``: a
    surname's, where MACDONALD is MacDonald."""
    lower = word.lower()
    if apostrophe := _APOSTROPHE.search(word):
        head, rest = word[: apostrophe.start()], word[apostrophe.end() :]
        # A single letter behind it is a possessive or a plural.
        capital = head.lower() in APOSTROPHE_PREFIXES and len(rest) > 1
        return _capital(head) + apostrophe[0] + (_capital(rest) if capital else _lower(rest))
    if lower.startswith("mc") and len(lower) > 4:
        return "Mc" + _capital(word[2:])
    if family and lower in MAC_SURNAMES:
        return "Mac" + _capital(word[3:])
    return _capital(word)


def _in_one_case(word: str) -> bool:
    return word.islower() or (word.isupper() and len(word) > 1)


def _word(word: str, family: bool) -> str:
    """One word between spaces: "JEAN-LUC", "(bob)", "j.r.r.", "DeShawn"."""
    if _INITIALS.fullmatch(word) and len(upper := word.upper()) == len(word):
        return upper
    return _LETTERS.sub(lambda match: cased(match[0], family) if _in_one_case(match[0]) else match[0], word)


def _is_initials(word: str) -> bool:
    """Two capitals without a vowel, as in JP or TJ; but Ng is a surname."""
    return len(word) == 2 and word.isupper() and word.isalpha() and not _VOWEL.search(word) and word != "NG"


def _is_count(word: str, name: str) -> bool:
    """A Roman number in a name not all in capitals; in one that is, VI may be somebody's name."""
    return word in {"V", "VI", "IX", "X"} and not name.isupper()


def _small(word: str, before: str) -> bool:
    """Whether a word in one case, not the last, is a particle of the surname to come."""
    lower = word.lower()
    return lower in PARTICLES or (lower in ARTICLES and before.lower() in PARTICLES)


@lru_cache(maxsize=65_536)
def case_given(text: str) -> str:
    """A given name, or several: "jean-luc" -> "Jean-Luc", "JOHN AND JP" -> "John and JP"."""
    words = text.split(" ")
    return " ".join(
        word.lower()
        if place and word.lower() in JOINING and _in_one_case(word)
        else word
        if _is_initials(word)
        else _word(word, False)
        for place, word in enumerate(words)
    )


@lru_cache(maxsize=65_536)
def case_family(text: str) -> str:
    """A surname: "O'BRIEN" -> "O'Brien", "VAN DER BERG" -> "van der Berg", "smith jr" -> "Smith Jr"."""
    words = text.split(" ")
    written: list[str] = []
    for place, word in enumerate(words):
        bare = word.strip(".,")
        after = LETTERS_AFTER.get(bare.lower()) if place else None
        if after and _in_one_case(bare):
            written.append(word.replace(bare, after))
        elif (
            place < len(words) - 1 and _small(word, words[place - 1] if place else "") and _in_one_case(word)
        ):
            written.append(word.lower())
        else:
            written.append(_word(word, True))
    return " ".join(written)


def case_full(text: str) -> str:
    """A whole name, in the order given: "DR JANE VAN DER BERG PHD" -> "Dr Jane van der Berg PhD"."""
    words = text.split(" ")
    end = len(words) - 1
    written: list[str] = []
    named = 0  # how many words of the present person's name there have been
    for place, word in enumerate(words):
        bare, before = word.strip(".,"), words[place - 1] if place else ""
        lower = bare.lower()
        after = LETTERS_AFTER.get(lower) or (LETTERS_AFTER_COMMA.get(lower) if before.endswith(",") else None)
        if not _in_one_case(bare):
            written.append(word)
        elif lower in JOINING and 0 < place < end:
            written.append(word.lower())
            named = 0
            continue
        elif not named and place < end and lower in TITLES_BEFORE_NAMES:
            written.append(word.replace(bare, TITLES[lower] if len(bare) <= 4 else bare.capitalize()))
            continue
        elif named and after:
            written.append(word.replace(bare, after))
        elif named and place < end and _small(word, before):
            written.append(word.lower())
        elif (place < end and _is_initials(word.strip('(),"'))) or (place == end and _is_count(bare, text)):
            written.append(word)
        else:
            written.append(_word(word, named > 0 or word.endswith(",")))
        named += 1
    return " ".join(written)


def _is_name(text: str) -> bool:
    return (
        _LETTERS.search(text) is not None
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
    if not _LETTERS.search(text):
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
