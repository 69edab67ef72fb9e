"""Reads an array of JSON objects member by member, keeping the text of every value. Knows JSON, no format.

The way for mended records, and for pages that the quick ways cannot be sure of: white space between the
records, braces in strings, nested values. Nothing is rounded or reordered.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence

import orjson

Member = tuple[str, str]
"""A record's key, and the JSON of its value as it stands in the page."""

_SPACE = re.compile(r"[ \t\n\r]*")
_LINE_BREAK = re.compile(r"[\r\n]+")
_LONE = re.compile("[\ud800-\udfff]")
_STRING = r'"[^"\\\x00-\x1f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*)*"'
_SCALAR = rf"{_STRING}|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null"
_MEMBER = re.compile(rf"({_STRING})[ \t\n\r]*:[ \t\n\r]*({_SCALAR})[ \t\n\r]*([,}}])[ \t\n\r]*")


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


# Numbers are taken as text, which also waives Python's limit on their digits.
_DECODER = json.JSONDecoder(parse_constant=_refuse, parse_int=str, parse_float=str)


def records(page: bytes) -> Iterator[list[Member]]:
    """The members of each record, in order. Raises ValueError where the page is no array of objects."""
    text = page.decode()
    at = _expect(text, 0, "[", "an array")
    if text.startswith("]", at):
        at += 1
    else:
        while True:
            members, at = _record(text, at)
            yield members
            if text.startswith("]", at):
                at += 1
                break
            at = _expect(text, at, ",", "a comma or the array's end")
    if _skip(text, at) != len(text):
        raise ValueError(f"something after the array's end, at character {at + 1:,}")


def cell(raw: str) -> str | None:
    """A value as a cell: a string's characters, any other value's JSON, None for null.

    Half a surrogate pair, which JSON can escape but no UTF-8 file can hold, becomes U+FFFD.
    """
    if raw.startswith('"'):
        return _LONE.sub("\ufffd", str(json.loads(raw))) if "\\" in raw else raw[1:-1]
    return None if raw == "null" else raw


def one_line(raw: str) -> str:
    """The same JSON without line breaks: valid JSON has these only where white space means nothing."""
    return _LINE_BREAK.sub(" ", raw)


def line(members: Sequence[Member], keys: Mapping[str, str]) -> str:
    """A record as one line of JSON, with other ``keys`` where there are any, and all else as it stands."""
    named = (json_key(keys.get(key, key)) + ":" + one_line(raw) for key, raw in members)
    return f"{{{','.join(named)}}}"


def json_key(key: str) -> str:
    """A key as JSON, in which no quote but the outer ones stands bare: no other key can be found in it."""
    try:
        plain = orjson.dumps(key).decode()
    except TypeError:  # half of a surrogate pair, which only an escape can hold
        plain = json.dumps(key)
    return '"' + plain[1:-1].replace('\\"', "\\u0022") + '"'


def _record(text: str, at: int) -> tuple[list[Member], int]:
    """The record that begins at ``at``, and the place after it and the space behind it."""
    members: list[Member] = []
    at = _expect(text, at, "{", "a record (an object)")
    if text.startswith("}", at):
        return members, _skip(text, at + 1)
    while True:
        if match := _MEMBER.match(text, at):
            key, raw, end = match.groups()
            members.append((_key(key), raw))
            at = match.end()
        else:
            member, at = _nested(text, at)
            members.append(member)
            end = text[at : at + 1]
            if end != "}":
                _expect(text, at, ",", "a comma or the record's end")
            at = _skip(text, at + 1)
        if end == "}":
            return members, at


def _nested(text: str, at: int) -> tuple[Member, int]:
    """A member whose value is a list or an object, and the place after it and the space behind it."""
    if not text.startswith('"', at):
        raise ValueError(f"a key was expected at character {at + 1:,}")
    key, at = _DECODER.raw_decode(text, at)
    start = _expect(text, at, ":", "a colon")
    try:
        _, end = _DECODER.raw_decode(text, start)
    except RecursionError as error:
        raise ValueError(f"the value at character {start + 1:,} is nested too deeply") from error
    return (key, text[start:end]), _skip(text, end)


def _key(raw: str) -> str:
    return str(json.loads(raw)) if "\\" in raw else raw[1:-1]


def _expect(text: str, at: int, what: str, name: str) -> int:
    """The place after ``what`` and the space around it."""
    at = _skip(text, at)
    if not text.startswith(what, at):
        raise ValueError(f"{name} was expected at character {at + 1:,}")
    return _skip(text, at + 1)


def _skip(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    assert match
    return match.end()
