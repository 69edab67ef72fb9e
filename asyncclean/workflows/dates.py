"""Dates as people write them, into ISO 8601 (1980-02-01). Knows calendars and habits, no time zones."""

import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Literal

from asyncclean.workflows.verdicts import Finding

DateOrder = Literal["DMY", "MDY", "YMD"]

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            ("jan", "january"),
            ("feb", "february"),
            ("mar", "march"),
            ("apr", "april"),
            ("may",),
            ("jun", "june"),
            ("jul", "july"),
            ("aug", "august"),
            ("sep", "sept", "september"),
            ("oct", "october"),
            ("nov", "november"),
            ("dec", "december"),
        ),
        1,
    )
    for name in names
}

_ISO = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_TIME = re.compile(
    r"(.*[0-9])(?:T|\s+)([0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?(?:\s?Z|\s?[+-][0-9]{2}:?[0-9]{2})?)"
)
_MIDNIGHT = re.compile(r"0?0:00(?::00(?:\.0+)?)?(?:Z|\+00:?00)?")
_YEAR_FIRST = re.compile(r"([0-9]{4})\s*[-/. ]\s*([0-9]{1,2})\s*[-/. ]\s*([0-9]{1,2})")
_SHORT_YEAR_FIRST = re.compile(r"([0-9]{2})\s*[-/. ]\s*([0-9]{1,2})\s*[-/. ]\s*([0-9]{1,2})")
_THREE = re.compile(r"([0-9]{1,2})\s*[-/., ]\s*([0-9]{1,2})\s*[-/., ]\s*([0-9]{4}|[0-9]{2})")
_EIGHT = re.compile(r"[0-9]{8}")
_SERIAL = re.compile(r"([0-9]{5})(?:\.0+)?")
_WEEKDAY = re.compile(r"(?i)^(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?\.?,?\s+(?=\S)")
_DAY_NAMED = re.compile(
    r"([0-9]{1,2})(?:st|nd|rd|th)?(?:\s+of)?[\s./-]*([a-z]{3,9})[\s.,/'-]*([0-9]{4}|[0-9]{2})"
)
_MONTH_NAMED = re.compile(r"([a-z]{3,9})[\s./-]*([0-9]{1,2})(?:st|nd|rd|th)?[\s.,/'-]+([0-9]{4}|[0-9]{2})")
_YEAR_NAMED = re.compile(r"([0-9]{4})[\s./-]*([a-z]{3,9})[\s./-]*([0-9]{1,2})")

_SERIAL_EPOCH = date(1899, 12, 30)
"""Day 0 of spreadsheets, so that serial 60 and later (all of five digits) fall on the right day."""

_OLDEST_YEARS = 120
_EARLIEST_YEAR, _LATEST_YEAR = 1800, 2199


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


class Dates:
    """Reads dates in one order.

    Args:
        order: how all-digit dates are meant. today: the day that a birth cannot be after, and from which
            two-digit years are read. birth: dates of birth: not in the future, not over 120 years ago,
            two-digit years always in the past; else two-digit years reach ten years ahead.
    """

    def __init__(self, *, order: DateOrder = "DMY", today: date, birth: bool) -> None:
        self._order = order
        self._today = today
        self._birth = birth
        self._digits: Callable[[int, int], tuple[int, int]] = (
            (lambda first, second: (second, first))
            if order == "DMY"
            else (lambda first, second: (first, second))
        )

    def _full_year(self, year: str, month: int, day: int) -> int:
        if len(year) == 4:
            return int(year)
        this = self._today.year
        full = this - this % 100 + int(year)
        if self._birth:
            return full if (full, month, day) <= (this, self._today.month, self._today.day) else full - 100
        return full if full <= this + 10 else full - 100

    def _by_digits(self, text: str) -> date | None:
        if match := _YEAR_FIRST.fullmatch(text):
            return _day(int(match[1]), int(match[2]), int(match[3]))
        if self._order == "YMD" and (match := _SHORT_YEAR_FIRST.fullmatch(text)):
            month, day = int(match[2]), int(match[3])
            return _day(self._full_year(match[1], month, day), month, day)
        if match := _THREE.fullmatch(text):
            month, day = self._digits(int(match[1]), int(match[2]))
            return _day(self._full_year(match[3], month, day), month, day)
        if _EIGHT.fullmatch(text):
            # The year's place tells itself: 19 and 20 are no months.
            if text[:2] in {"18", "19", "20"} and (
                found := _day(int(text[:4]), int(text[4:6]), int(text[6:]))
            ):
                return found
            month, day = self._digits(int(text[:2]), int(text[2:4]))
            return _day(int(text[4:]), month, day)
        return None

    def _by_name(self, text: str) -> date | None:
        lower = _WEEKDAY.sub("", text).lower()
        if match := _DAY_NAMED.fullmatch(lower):
            day, name, year = match.groups()
        elif match := _MONTH_NAMED.fullmatch(lower):
            name, day, year = match.groups()
        elif match := _YEAR_NAMED.fullmatch(lower):
            year, name, day = match.groups()
        else:
            return None
        month = _MONTHS.get(name)
        return _day(self._full_year(year, month, int(day)), month, int(day)) if month else None

    def _plausible(self, found: date) -> bool:
        if self._birth:
            return found <= self._today and self._today.year - found.year <= _OLDEST_YEARS
        return _EARLIEST_YEAR <= found.year <= _LATEST_YEAR

    def _read(self, text: str) -> tuple[date | None, str]:
        if serial := _SERIAL.fullmatch(text):
            return _SERIAL_EPOCH + timedelta(days=int(serial[1])), "spreadsheet day number"
        return self._by_digits(text) or self._by_name(text), "ISO 8601"

    def examine(self, text: str, country: str = "") -> Finding:
        """The date in ISO 8601; a time of day after it is kept as it is, midnight after a birth dropped."""
        if match := _ISO.fullmatch(text):
            found = _day(int(match[1]), int(match[2]), int(match[3]))
            return Finding(text if found and self._plausible(found) else None)
        time = ""
        found, change = self._read(text)
        if found is None and (match := _TIME.fullmatch(text)):
            found, change = self._read(match[1].strip())
            time = match[2]
            if self._birth and _MIDNIGHT.fullmatch(time):
                time = ""
        if found is None or not self._plausible(found):
            return Finding(None)
        value = found.isoformat()
        if time:
            if text.startswith(value) and text.endswith(time):
                return Finding(text)
            value = f"{value} {time}"
        return Finding(value, change)
