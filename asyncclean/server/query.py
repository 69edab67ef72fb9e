"""Query parameters. Knows how they are written and what is said when they are not."""

import re
from datetime import UTC, datetime, timedelta

from aiohttp import web

from asyncclean.server.problems import invalid

MAX_PAGE = 10**9
"""Highest page of a list."""

_DIGITS = re.compile(r"[0-9]{1,18}")
_FLAGS = {"true": True, "1": True, "false": False, "0": False}
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def whole(request: web.Request, name: str, default: int | None, least: int, most: int) -> int:
    """A whole number. ``default`` None: it must be given."""
    text = request.query.get(name)
    if text is None and default is not None:
        return default
    if text is None or not _DIGITS.fullmatch(text) or not least <= int(text) <= most:
        raise invalid(name, f"must be a whole number from {least:,} to {most:,}")
    return int(text)


def page_number(request: web.Request) -> int:
    """``page``, from 1."""
    return whole(request, "page", 1, 1, MAX_PAGE)


def flag(request: web.Request, name: str, default: bool) -> bool:
    """True or false."""
    text = request.query.get(name)
    if text is None:
        return default
    if (value := _FLAGS.get(text.lower())) is None:
        raise invalid(name, "must be true or false")
    return value


def moment(request: web.Request, name: str, *, end: bool = False) -> int | None:
    """A date or a date-time (UTC unless it says otherwise) in microseconds since 1970.

    ``end``: a date alone means the last moment of its day.
    """
    text = request.query.get(name)
    if text is None:
        return None
    try:
        time = datetime.fromisoformat(text)
        time = time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
        if end and _DATE.fullmatch(text):
            time += timedelta(days=1, microseconds=-1)
    except (ValueError, OverflowError):
        raise invalid(name, "must be an ISO 8601 date or date-time") from None
    return (time - _EPOCH) // timedelta(microseconds=1)
