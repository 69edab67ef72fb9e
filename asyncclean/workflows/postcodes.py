"""Postcodes: the United Kingdom's in full, those of other countries by their shape.

UK: the 124 areas (Crown dependencies included), BF and BX, BFPO numbers, Girobank, the overseas territories;
districts with a closing letter only where central London has them. A letter O or I in a digit's place, and
the reverse, is put right when exactly one reading is a postcode. Source: Royal Mail's Programmer's Guide to
PAF, and BS 7666.
"""

import itertools
import re
from functools import lru_cache

from asyncclean.workflows.spellings import POSTCODE_AREAS
from asyncclean.workflows.verdicts import Finding

_OUTWARD = re.compile(
    rf"(?:{'|'.join(sorted(POSTCODE_AREAS))})(?:0|[1-9][0-9]?)"
    "|E1W|EC[1-4][AMNPRVY]|N1[CP]|NW1W|SE1P|SW1[AEHPVWXY]|W1[ABCDFGHJKPSTUW]|WC[12][ABEHNRVX]"
)
_INWARD = re.compile("[0-9][ABD-HJLNP-UW-Z]{2}")

_SPECIAL = {
    "GIR0AA": "GIR 0AA",
    "ASCN1ZZ": "ASCN 1ZZ",  # Ascension Island
    "BBND1ZZ": "BBND 1ZZ",  # British Indian Ocean Territory
    "BIQQ1ZZ": "BIQQ 1ZZ",  # British Antarctic Territory
    "FIQQ1ZZ": "FIQQ 1ZZ",  # Falkland Islands
    "GX111AA": "GX11 1AA",  # Gibraltar
    "PCRN1ZZ": "PCRN 1ZZ",  # Pitcairn Islands
    "SIQQ1ZZ": "SIQQ 1ZZ",  # South Georgia and the South Sandwich Islands
    "STHL1ZZ": "STHL 1ZZ",  # Saint Helena
    "TDCU1ZZ": "TDCU 1ZZ",  # Tristan da Cunha
    "TKCA1ZZ": "TKCA 1ZZ",  # Turks and Caicos Islands
}
_SPECIAL_SHAPES = (
    (re.compile(r"(?:C/?O)?BFPO(?:C/?O)?([0-9]{1,4})"), r"BFPO \1"),
    (re.compile(r"AI-?(2640)"), r"AI-\1"),  # Anguilla
    (re.compile(r"(KY[1-3])-?([0-9]{4})"), r"\1-\2"),  # Cayman Islands
    (re.compile(r"MSR-?([0-9]{4})"), r"MSR-\1"),  # Montserrat
    (re.compile(r"VG-?(11[0-9]{2})"), r"VG\1"),  # British Virgin Islands
)

_PLAIN = re.compile(r"([A-Z]{1,2}[0-9][0-9A-Z]?) ([0-9][A-Z]{2})")
_SEPARATORS = re.compile(r"[\s.,_*-]+")
_MISREAD = {"O": "O0", "0": "0O", "I": "I1", "1": "1I", "L": "L1"}
_LIKE_BRITAIN = frozenset(
    {"GB", "GG", "IM", "JE", "GI", "FK", "SH", "IO", "GS", "PN", "TC", "AI", "KY", "MS", "VG"}
)

_ABROAD = {
    country: re.compile(shape)
    for country, shape in {
        "AT": "[1-9][0-9]{3}",
        "AU": "[0-9]{4}",
        "BE": "[1-9][0-9]{3}",
        "CA": "[ABCEGHJ-NPRSTVXY][0-9][ABCEGHJ-NPRSTV-Z] ?[0-9][ABCEGHJ-NPRSTV-Z][0-9]",
        "CH": "[1-9][0-9]{3}",
        "DE": "[0-9]{5}",
        "DK": "[0-9]{4}",
        "ES": "(?:0[1-9]|[1-4][0-9]|5[0-2])[0-9]{3}",
        "FI": "[0-9]{5}",
        "FR": "[0-9]{5}",
        "IE": "(?:[AC-FHKNPRTV-Y][0-9]{2}|D6W) ?[0-9AC-FHKNPRTV-Y]{4}"
        "|(?:DUBLIN ?)?(?:[1-9]|1[0-9]|2[0-4]|6W)",
        "IT": "[0-9]{5}",
        "NL": "[1-9][0-9]{3} ?[A-Z]{2}",
        "NO": "[0-9]{4}",
        "NZ": "[0-9]{4}",
        "PL": "[0-9]{2}-?[0-9]{3}",
        "PT": "[1-9][0-9]{3}(?:-?[0-9]{3})?",
        "SE": "[1-9][0-9]{2} ?[0-9]{2}",
        "US": "[0-9]{5}(?:[- ]?[0-9]{4})?",
    }.items()
}
_PLAUSIBLE = re.compile(r"(?=.*[0-9])[0-9A-Z](?:[ -]?[0-9A-Z]){1,10}")


def _written(outward: str, inward: str) -> str | None:
    return f"{outward} {inward}" if _OUTWARD.fullmatch(outward) and _INWARD.fullmatch(inward) else None


def _reread(compact: str) -> str | None:
    """The one postcode that this is when O and 0, I (or L) and 1 were taken for one another."""
    outward, inward = compact[:-3], compact[-3:]
    digit = {"O": "0", "I": "1", "L": "1"}.get(inward[0], inward[0])
    readings = {
        written
        for letters in itertools.product(*(_MISREAD.get(letter, letter) for letter in outward))
        if (written := _written("".join(letters), digit + inward[1:]))
    }
    # An area's own letters are the safer part: of two readings the one that keeps the first letter wins.
    kept = [reading for reading in readings if reading[0] == compact[0]]
    for candidates in (kept, list(readings)):
        if len(candidates) == 1:
            return candidates[0]
    return None


@lru_cache(maxsize=20_000)
def _british(text: str) -> Finding:
    upper = text.upper()
    compact = _SEPARATORS.sub("", upper)
    written = _SPECIAL.get(compact)
    if written is None and 5 <= len(compact) <= 7:
        written = _written(compact[:-3], compact[-3:])
    if written is None:
        dashed = upper.replace(" ", "")
        for shape, template in _SPECIAL_SHAPES:
            if special := shape.fullmatch(dashed):
                written = special.expand(template)
                break
    if written is not None:
        changes = []
        if upper != text:
            changes.append("capitals")
        if written != upper:
            changes.append("spacing")
        return Finding(written, ", ".join(changes))
    if 5 <= len(compact) <= 7 and compact.isascii() and compact.isalnum():
        reread = _reread(compact)
        if reread is not None:
            return Finding(reread, "O and 0, I and 1 put right")
    return Finding(None)


def _abroad(text: str, country: str) -> Finding:
    shape = _ABROAD.get(country, _PLAUSIBLE)
    return Finding(text if shape.fullmatch(text.upper()) else None)


def examine(text: str, country: str = "GB") -> Finding:
    """A postcode of the record's country: a UK one in capitals with its space, any other left as it is."""
    if country not in _LIKE_BRITAIN:
        return _abroad(text, country)
    # Most are written as they should be; this is a third of the cost of the cache.
    plain = _PLAIN.fullmatch(text)
    if plain and _OUTWARD.fullmatch(plain[1]) and _INWARD.fullmatch(plain[2]):
        return Finding(text)
    return _british(text)
