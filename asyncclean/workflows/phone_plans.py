"""Numbering plans as regular expressions: whether a national number is valid, and of which type.

Compiled from the metadata of phonenumbers, in its own order of regions and types, so that the answer is
the library's at a twentieth of its cost. Says only "valid, of this type" or None; None means ask the library.
"""

import re
from functools import cache
from typing import NamedTuple

import phonenumbers
from phonenumbers.phonemetadata import PhoneMetadata

_TYPES = (
    ("premium_rate", "premium_rate"),
    ("toll_free", "toll_free"),
    ("shared_cost", "shared_cost"),
    ("voip", "voip"),
    ("personal_number", "personal_number"),
    ("pager", "pager"),
    ("uan", "uan"),
    ("voicemail", "voicemail"),
)
"""(attribute of the metadata, our word), in the order in which the library tries them."""


class Plan(NamedTuple):
    """One calling code's numbers, tried region by region as the library does."""

    regions: tuple[tuple[re.Pattern[str] | None, re.Pattern[str]], ...]

    def type_of(self, national: str) -> str | None:
        """The type of a valid national (significant) number, or None."""
        for leading, types in self.regions:
            if leading is not None:
                if leading.match(national):
                    found = types.fullmatch(national)
                    return found.lastgroup if found else None
            elif found := types.fullmatch(national):
                return found.lastgroup
        return None


def _numbers(description: object) -> str | None:
    """The pattern of a description's numbers, its possible lengths included; None where there are none."""
    pattern = getattr(description, "national_number_pattern", None)
    if not pattern:
        return None
    lengths = [length for length in getattr(description, "possible_length", ()) if length > 0]
    if not lengths:
        return f"(?:{pattern})"
    ahead = "|".join(f"[0-9]{{{length}}}" for length in lengths)
    return f"(?=(?:{ahead})$)(?:{pattern})"


def _types(metadata: PhoneMetadata) -> re.Pattern[str]:
    alternatives = []
    for attribute, word in _TYPES:
        pattern = _numbers(getattr(metadata, attribute))
        if pattern:
            alternatives.append(f"(?P<{word}>{pattern})")
    fixed, mobile = _numbers(metadata.fixed_line), _numbers(metadata.mobile)
    if fixed and (metadata.same_mobile_and_fixed_line_pattern or fixed == mobile):
        alternatives.append(f"(?P<fixed_line_or_mobile>{fixed})")
    else:
        if fixed and mobile:
            alternatives.append(f"(?P<fixed_line_or_mobile>(?={fixed}$)(?:{mobile}))")
        if fixed:
            alternatives.append(f"(?P<fixed_line>{fixed})")
        if mobile:
            alternatives.append(f"(?P<mobile>{mobile})")
    general = _numbers(metadata.general_desc) or ""
    return re.compile(f"(?={general}$)(?:{'|'.join(alternatives)})" if alternatives else "(?!)")


@cache
def plan(calling_code: int) -> Plan | None:
    """The plan of a calling code (44), or None when it has none or is not a country's."""
    regions = []
    for region in phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(calling_code, ()):
        metadata = PhoneMetadata.metadata_for_region(region, None)
        if metadata is None:
            return None
        leading = re.compile(metadata.leading_digits) if metadata.leading_digits else None
        regions.append((leading, _types(metadata)))
    return Plan(tuple(regions)) if regions else None


class Dialling(NamedTuple):
    """How numbers are dialled in one region.

    Attributes:
        calling_code: 44.
        trunk: the digits before a national number ("0"), or None.
        exceptions: other beginnings that the library treats in its own way.
        abroad: the digits before a calling code ("00"), or None when they vary.
    """

    calling_code: int
    trunk: str | None
    exceptions: tuple[str, ...]
    abroad: str | None


_DIGITS = re.compile(r"[0-9]+(?:\|[0-9]+)*")


@cache
def dialling(region: str) -> Dialling | None:
    """Of a region by its ISO 3166 alpha-2 code; None when its rules are more than stripping digits."""
    metadata = PhoneMetadata.metadata_for_region(region, None)
    if metadata is None or metadata.country_code is None or metadata.national_prefix_transform_rule:
        return None
    prefixes: tuple[str, ...] = ()
    if metadata.national_prefix_for_parsing:
        if not _DIGITS.fullmatch(metadata.national_prefix_for_parsing):
            return None
        prefixes = tuple(metadata.national_prefix_for_parsing.split("|"))
    trunk = metadata.national_prefix if metadata.national_prefix in prefixes else None
    abroad = metadata.international_prefix or ""
    return Dialling(
        metadata.country_code,
        trunk,
        tuple(prefix for prefix in prefixes if prefix != trunk),
        abroad if _DIGITS.fullmatch(abroad) and "|" not in abroad else None,
    )


def main_region(calling_code: int) -> str | None:
    """The region whose dialling rules numbers of this calling code follow; None when there is none."""
    regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(calling_code)
    return regions[0] if regions else None


def calling_code_of(digits: str) -> int | None:
    """The calling code at the head of an international number's digits, or None."""
    for length in (1, 2, 3):
        if digits[:length] and int(digits[:length]) in phonenumbers.COUNTRY_CODE_TO_REGION_CODE:
            return int(digits[:length])
    return None
