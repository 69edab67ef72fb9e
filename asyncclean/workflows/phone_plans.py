"""Numbering plans as regular expressions: whether a row of digits is a valid number, and of which type.

Compiled from the metadata of phonenumbers, in its own order of regions and types, so that the answer is
the library's at a twentieth of its cost; None wherever its rules are more than stripping prefixes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
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


@cache
def _types(region: str) -> re.Pattern[str]:
    """The valid numbers of a region, each type a group. Compiled when first needed: 10 ms for large ones."""
    metadata = PhoneMetadata.metadata_for_region(region, None)
    if metadata is None:
        return re.compile("(?!)")
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


@dataclass(frozen=True, slots=True)
class Plan:
    """One calling code's numbers.

    Attributes:
        code: "44". regions: in the library's order, each with what its numbers begin with, or None.
    """

    code: str
    regions: tuple[tuple[str, re.Pattern[str] | None], ...]

    def type_of(self, national: str) -> str | None:
        """The type of a valid national (significant) number, or None; by region, as the library does."""
        for region, leading in self.regions:
            if leading is not None and not leading.match(national):
                continue
            found = _types(region).fullmatch(national)
            if found or leading is not None:
                return found.lastgroup if found else None
        return None


@dataclass(frozen=True, slots=True)
class Dialling:
    """How numbers are dialled in one region.

    Attributes:
        trunk: the digits before a national number ("0"), or "". exceptions: other beginnings, which the
            library treats in its own way. abroad: the digits before a calling code ("00"), "" if they vary.
    """

    plan: Plan
    trunk: str
    exceptions: tuple[str, ...]
    abroad: str

    def number(self, digits: str, *, after_code: bool) -> Number | None:
        """A national number's digits, with or without the trunk prefix; ``after_code``: its calling code came
        first, so that they cannot begin with one."""
        if digits.startswith(self.exceptions):
            return None
        national = digits
        if self.trunk and digits.startswith(self.trunk):
            if self.plan.type_of(digits) is not None:
                return None
            national = digits[len(self.trunk) :]
        if national[:1] in {"", "0"}:
            return None
        kind = self.plan.type_of(national)
        if kind:
            return Number(f"+{self.plan.code}{national}", kind)
        # No calling code begins with 0, so that neither do these digits.
        return INVALID if after_code or (self.trunk == "0" and national is not digits) else None


class Number(NamedTuple):
    """In E.164, and its type; no type when it is no valid number."""

    e164: str
    kind: str | None


INVALID = Number("", None)


@cache
def _plan(code: int) -> Plan | None:
    regions = []
    for region in phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(code, ()):
        metadata = PhoneMetadata.metadata_for_region(region, None)
        if metadata is None:
            return None
        regions.append((region, re.compile(metadata.leading_digits) if metadata.leading_digits else None))
    return Plan(str(code), tuple(regions)) if regions else None


_PLAIN_PREFIX = re.compile(r"[0-9]+(?:\|[0-9]+)*")


@cache
def _dialling(region: str) -> Dialling | None:
    """Of a region by its ISO 3166 alpha-2 code; None when its rules are more than stripping digits."""
    metadata = PhoneMetadata.metadata_for_region(region, None)
    if metadata is None or metadata.country_code is None or metadata.national_prefix_transform_rule:
        return None
    plan = _plan(metadata.country_code)
    prefixes: list[str] = []
    if metadata.national_prefix_for_parsing:
        if not _PLAIN_PREFIX.fullmatch(metadata.national_prefix_for_parsing):
            return None
        prefixes = metadata.national_prefix_for_parsing.split("|")
    trunk = metadata.national_prefix if metadata.national_prefix in prefixes else None
    abroad = metadata.international_prefix or ""
    if plan is None:
        return None
    return Dialling(
        plan,
        trunk or "",
        tuple(prefix for prefix in prefixes if prefix != trunk),
        abroad if abroad.isascii() and abroad.isdigit() else "",
    )


@cache
def _dialling_of_code(code: str) -> Dialling | None:
    """Of a calling code's main region; None also when there is no such code."""
    regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(int(code)) if code[0] != "0" else None
    return _dialling(regions[0]) if regions else None


def international(digits: str) -> Number | None:
    """The number whose digits begin with its calling code, `INVALID`, or None to ask the library."""
    for length in (2, 1, 3):  # no calling code is the beginning of another
        code = digits[:length]
        if len(code) == length and (rules := _dialling_of_code(code)) is not None:
            return rules.number(digits[length:], after_code=True)
    return None


def number(digits: str, region: str) -> Number | None:
    """The number that digits dialled in a region reach, `INVALID`, or None to ask the library."""
    rules = _dialling(region)
    if rules is None:
        return None
    if rules.abroad and digits.startswith(rules.abroad):
        return international(digits[len(rules.abroad) :])
    return rules.number(digits, after_code=False)
