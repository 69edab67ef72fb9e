"""VAT numbers and IBANs: form and check digits, by python-stdnum. Knows no registers."""

import re
from functools import cache, lru_cache
from typing import Protocol, cast

from stdnum import get_cc_module, iban
from stdnum.exceptions import ValidationError

from asyncclean.workflows.verdicts import Finding

_PREFIX = re.compile(r"[A-Z]{2}")
_NATIONS = {"EL": "GR", "XI": "GB", "UK": "GB", "IM": "GB"}
"""Prefixes of VAT numbers that are not the country's code."""
_PREFIXES = {"GR": "EL", "IM": "GB"}
_LABEL = re.compile(r"(?i)^(?:vat|tva|ust(?:-?id(?:nr)?)?)(?:\s*(?:reg(?:istration)?|no|number|nr))*[\s.:-]*")
_SEPARATORS = re.compile(r"[\s./-]+")


class _Rules(Protocol):
    def validate(self, number: str) -> str: ...


@cache
def _vat_of(country: str) -> _Rules | None:
    return cast(_Rules | None, get_cc_module(country, "vat"))


@lru_cache(maxsize=4_096)
def _compact_vat(text: str, country: str) -> str | None:
    compact = _SEPARATORS.sub("", _LABEL.sub("", text)).upper()
    prefix = compact[:2] if _PREFIX.fullmatch(compact[:2]) else ""
    nation = _NATIONS.get(prefix, prefix)
    for number, code, written in (
        (compact[2:], nation, prefix if prefix != "UK" else "GB"),
        (compact, country, _PREFIXES.get(country, country)),
    ):
        module = _vat_of(code) if code else None
        if module is None:
            continue
        try:
            bare = module.validate(number)
        except ValidationError:
            continue
        return bare if bare.startswith(written) else written + bare
    return None


def examine_vat(text: str, country: str = "GB") -> Finding:
    """A VAT number without separators, with its prefix; one without a prefix is of the record's country."""
    compact = _compact_vat(text, country)
    return Finding(compact, "" if compact == text else "prefix and digits alone")


def examine_iban(text: str, country: str = "") -> Finding:
    """An IBAN in its electronic form: capitals, no spaces."""
    try:
        compact: str = iban.validate(re.sub(r"(?i)^iban[\s:.]*", "", text), check_country=False)
    except ValidationError:
        return Finding(None)
    return Finding(compact, "" if compact == text else "electronic form")
