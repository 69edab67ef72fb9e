"""Phone numbers: any way of writing one becomes E.164 (+442079460000), with its type and its extension.

What a valid number is, phonenumbers says (the port of Google's libphonenumber). Numbers written plainly
are judged by its patterns alone (`phone_plans`), the rest by the library: one answer, at two costs.
"""

import re
from functools import lru_cache

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberType

from asyncclean.workflows import phone_plans
from asyncclean.workflows.verdicts import Finding

EXTRAS = ("type", "extension")
"""``type``: one of `TYPES`; ``extension``: digits to dial afterwards, or None."""

_WORDS = {
    PhoneNumberType.FIXED_LINE: "fixed_line",
    PhoneNumberType.MOBILE: "mobile",
    PhoneNumberType.FIXED_LINE_OR_MOBILE: "fixed_line_or_mobile",
    PhoneNumberType.TOLL_FREE: "toll_free",
    PhoneNumberType.PREMIUM_RATE: "premium_rate",
    PhoneNumberType.SHARED_COST: "shared_cost",
    PhoneNumberType.VOIP: "voip",
    PhoneNumberType.PERSONAL_NUMBER: "personal_number",
    PhoneNumberType.PAGER: "pager",
    PhoneNumberType.UAN: "uan",
    PhoneNumberType.VOICEMAIL: "voicemail",
}
TYPES = tuple(_WORDS.values())

_PLAIN = re.compile(r"\(?(\+?)([0-9 ()./-]{5,30})")
_SEPARATORS = str.maketrans("", "", " ()./-")

_LABEL = re.compile(
    r"(?i)^\s*(?:tel(?:ephone)?|phone|ph|mob(?:ile)?|cell|home|work|office|fax|day(?:time)?|eve(?:nings?)?|[tmhwf])"
    r"(?:\s*(?:no|number))?\s*[.:=-]*\s*(?=[+(0-9oO])"
)
_TRAILING = re.compile(
    # An opening bracket with letters behind it, or words after enough digits for a number; not an extension.
    r"(?i)^(.*?[0-9].*?)\s*(?:[(\[][^()\[\]0-9]*[a-z][^()\[\]]*[)\]]|[-,:]?\s+(?!e?xt|x\b|x[0-9])[a-z][^0-9]*)$"
)
_TWO = re.compile(r"(?i)\s*(?:[;,|/&\n]|\bor\b|\band\b)\s*")
_ENOUGH = 7  # digits of the shortest whole number in use
_LETTERS_FOR_DIGITS = re.compile(r"[+(]*[0-9OoIl][0-9OoIl ()./+-]*")
_AS_DIGITS = str.maketrans("OoIl", "0011")
_INVALID = Finding(None)
_AS_FLOAT = re.compile(r"([0-9]{7,15})\.0+")


def _digits(text: str) -> int:
    return sum(character.isdigit() for character in text)


def _plainly(text: str, region: str) -> Finding | None:
    """The finding for a number written in digits and separators, or None to look closer."""
    plain = _PLAIN.fullmatch(text)
    if plain is None:
        return None
    digits = plain[2].translate(_SEPARATORS)
    found = phone_plans.international(digits) if plain[1] else phone_plans.number(digits, region)
    if found is None:
        return None
    if found.kind is None:
        # A slash may part two numbers, a point come of a spreadsheet.
        return None if "/" in text or "." in text else _INVALID
    return Finding(found.e164, "E.164", (found.kind, None))


def ask_library(text: str, region: str) -> Finding:
    """What phonenumbers makes of a text, without any mending of ours."""
    try:
        number = phonenumbers.parse(text, region)
    except NumberParseException:
        return Finding(None)
    if not phonenumbers.is_valid_number(number):
        return Finding(None)
    written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return Finding(written, "E.164", (_WORDS.get(phonenumbers.number_type(number)), number.extension or None))


def _mend(text: str) -> tuple[str, list[str]]:
    """The one number in a text, in digits, and what had to be done to find it."""
    changes = []
    mended = text
    parts = [part for part in _TWO.split(mended) if part]
    if len(parts) > 1 and sum(_digits(part) >= _ENOUGH for part in parts) > 1:
        whole = [part for part in parts if _digits(part) >= _ENOUGH]
        mended = whole[0]
        changes.append(f"first of {len(whole)} numbers, left out {' and '.join(whole[1:])}")
    unlabelled = _LABEL.sub("", mended.removeprefix("tel:"))
    trailing = _TRAILING.match(unlabelled)
    if trailing and _digits(trailing[1]) >= _ENOUGH:
        unlabelled = trailing[1]
    if unlabelled != mended:
        mended = unlabelled.strip(" ,;:-")
        changes.append("words around it removed")
    if as_float := _AS_FLOAT.fullmatch(mended):
        mended = as_float[1]
        changes.append("decimals removed")
    if _LETTERS_FOR_DIGITS.fullmatch(mended) and _digits(mended) >= _ENOUGH:
        as_digits = mended.translate(_AS_DIGITS)
        if as_digits != mended:
            mended = as_digits
            changes.append("O and I read as digits")
    return mended, changes


@lru_cache(maxsize=20_000)
def _at_length(text: str, region: str) -> Finding:
    mended, changes = _mend(text)
    finding = _plainly(mended, region) or ask_library(mended, region)
    if finding.value is None:
        return finding
    if finding.value == text:
        return finding
    if finding.extras[1]:
        changes.append("extension taken off")
    return finding._replace(change=", ".join([*changes, finding.change]))


def examine(text: str, country: str = "GB") -> Finding:
    """A valid number in E.164; one without a calling code is of ``country``. Extras as in `EXTRAS`."""
    return _plainly(text, country) or _at_length(text, country)
