"""A block as it arrives: checked against its dataset's columns, made ready to be kept. Pure.

Most blocks are proven good by compiled code, and kept as they are written, without being parsed. For others,
and where that code was not built, all checks run in C loops over the parsed records, never in one per record
in Python; only a bad block is looked at value by value, for the sake of the messages.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, repeat
from types import NoneType
from typing import Any

import orjson

from asyncclean import native
from asyncclean.kinds import ColumnKind
from asyncclean.server.lines import PAGE, pack
from asyncclean.server.problems import MAX_MESSAGES, Problem, invalid

MAX_NUMBER = 2**31 - 1
"""Highest block number; the lowest is 0."""

INT_RANGE = range(-(2**63), 2**63)

SMALL = 1 << 20
"""Bodies up to this many bytes are parsed without a look at how much they would become in memory."""

_WS = rb"[ \t\r\n]*"
_HEAD = re.compile(
    _WS + rb"\{" + _WS + rb'"blockNumber"' + _WS + rb":" + _WS + rb"(0|[1-9][0-9]{0,9})" + _WS + rb"," + _WS
    + rb'"records"' + _WS + rb":" + _WS + rb"(?=\[)"
)  # fmt: skip
# The last quote is optional: an open string goes on to the end, and is never looked at again from within.
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)

_TYPES: Mapping[ColumnKind, frozenset[type]] = {
    "text": frozenset({str, NoneType}),
    "int": frozenset({int, NoneType}),
    "decimal": frozenset({int, float, NoneType}),
    "bool": frozenset({bool, NoneType}),
    "datetime": frozenset({str, NoneType}),
}
_WANTED: Mapping[ColumnKind, str] = {
    "text": "must be text",
    "int": "must be a whole number of 64 bits",
    "decimal": "must be a number",
    "bool": "must be true or false",
    "datetime": "must be an ISO 8601 date or date-time, as text",
}
_BITS = native.JSON_KINDS
_PROVEN: Mapping[ColumnKind, int] = {
    "text": _BITS["text"],
    "int": _BITS["int"] + _BITS["long"],
    "decimal": _BITS["int"] + _BITS["long"] + _BITS["decimal"],
    "bool": _BITS["bool"],
}
"""What may stand in a column, for `native.json_proves`, which knows no dates."""

_NAMES: Mapping[type, str] = {
    str: "text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    list: "an array",
    dict: "an object",
    NoneType: "null",
}


@dataclass(frozen=True, slots=True)
class Block:
    """A block that may be kept: ``data`` as in `lines`."""

    number: int
    records: int
    data: bytes


def read_block(body: bytes, kinds: Mapping[str, ColumnKind]) -> Block:
    """A request body -> its block. Raises Problem (400) that names what is wrong, value by value."""
    if len(body) > SMALL:
        _check_size(body, len(kinds))
    usual = _split(body)
    if usual and (block := _proven(*usual, kinds)):
        return block
    number, records = _parse(body, usual)
    if not isinstance(records, list):
        raise invalid("records", "must be an array of objects")
    if len(records) > PAGE:
        raise invalid("records", f"must be at most {PAGE:,} records; there are {len(records):,}")
    if not _well_formed(records, kinds):
        raise _faults(records, kinds)
    # Written anew: one record a line, no key twice, no stray white space.
    return Block(number, len(records), pack(b"\n".join(map(orjson.dumps, records))))


def _split(body: bytes) -> tuple[int, bytes] | None:
    """The number and the array of a body that is written in the usual way.

    What stands between its head and its last brace is one JSON value, or it is no block.
    """
    head, end = _HEAD.match(body), body.rstrip(b" \t\r\n")
    if head and int(head[1]) <= MAX_NUMBER and end.endswith(b"}"):
        return int(head[1]), end[head.end() : -1]
    return None


def _proven(number: int, array: bytes, kinds: Mapping[str, ColumnKind]) -> Block | None:
    """The block, if it is shown to be good: its columns in their order, in plain words."""
    if native.json_records is None or native.json_proves is None or native.line_ends is None:
        return None
    if not _PROVEN.keys() >= set(kinds.values()):
        return None
    records = native.json_records(array, (), (), b"\n", -1)
    if not records:
        return None
    lines = records + b"\n"
    ends = native.line_ends(lines)
    keys, allowed = tuple(map(orjson.dumps, kinds)), bytes(map(_PROVEN.__getitem__, kinds.values()))
    if not ends or not native.json_proves(lines, keys, allowed, False):
        return None
    count = len(ends) // 4
    return Block(number, count, pack(records)) if count <= PAGE else None


def _parse(body: bytes, usual: tuple[int, bytes] | None) -> tuple[int, Any]:
    if usual:
        try:
            return usual[0], orjson.loads(usual[1])
        except orjson.JSONDecodeError:
            pass
    document = json_object(body)
    number = document.get("blockNumber")
    if type(number) is not int or not 0 <= number <= MAX_NUMBER:
        raise invalid("blockNumber", f"must be a whole number from 0 to {MAX_NUMBER}")
    return number, document.get("records")


def json_object(body: bytes) -> dict[str, Any]:
    """A body as a JSON object. Raises Problem (400) saying where it is not one."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Problem(400, f"The body is not JSON: {error}.", title="The request is not valid") from None
    if not isinstance(document, dict):
        raise Problem(400, "The body must be a JSON object.", title="The request is not valid")
    return document


def _check_size(body: bytes, columns: int) -> None:
    """Refuse a big body that would become far more objects than a block can hold.

    ``[{},{},...]`` takes 24 times its size once parsed. A block of flat records holds at most so many
    commas and brackets outside of its strings; those within are only told apart where it matters.
    """
    allowed = PAGE * (columns + 2) + 16
    if _marks(body) > allowed and _marks(_STRING.sub(b"", body)) > allowed:
        detail = f"The block holds more values than {PAGE:,} records of {columns:,} columns can."
        raise Problem(400, detail, title="The request is not valid", errors={"records": [detail]})


def _marks(body: bytes) -> int:
    return body.count(b",") + body.count(b"{") + body.count(b"[")


def _well_formed(records: list[Any], kinds: Mapping[str, ColumnKind]) -> bool:
    if not records:
        return True
    if set(map(type, records)) != {dict}:
        return False
    if not set().union(*records) <= kinds.keys():
        return False
    if set(kinds.values()) == {"text"}:
        return set(map(type, chain.from_iterable(map(dict.values, records)))) <= _TYPES["text"]
    return all(_column_well_formed(records, name, kind) for name, kind in kinds.items())


def _column_well_formed(records: list[dict[str, Any]], name: str, kind: ColumnKind) -> bool:
    values = list(map(dict.get, records, repeat(name)))
    if not set(map(type, values)) <= _TYPES[kind]:
        return False
    if kind in ("int", "datetime"):
        return all(_in_range(kind, value) for value in set(values))
    return True


def _in_range(kind: ColumnKind, value: Any) -> bool:
    if value is None:
        return True
    if kind == "int":
        return value in INT_RANGE
    if kind == "datetime":
        try:
            datetime.fromisoformat(value)
        except ValueError:
            return False
    return True


def _faults(records: list[Any], kinds: Mapping[str, ColumnKind]) -> Problem:
    """The slow way, for what is known to be wrong somewhere."""
    errors: dict[str, list[str]] = {}
    count = 0
    for field, message in _each_fault(records, kinds):
        count += 1
        if count <= MAX_MESSAGES:
            errors[field] = [message]
    noun = "value is" if count == 1 else "values are"
    return Problem(
        400,
        f"{count:,} {noun} not what the dataset's columns allow.",
        title="The block is not valid",
        errors=errors,
        count=count,
    )


def _each_fault(records: list[Any], kinds: Mapping[str, ColumnKind]) -> Iterator[tuple[str, str]]:
    for index, record in enumerate(records):
        if not isinstance(record, dict):
            yield f"records[{index}]", f"must be an object, not {_NAMES[type(record)]}"
            continue
        for name, value in record.items():
            kind = kinds.get(name)
            if kind is None:
                yield f"records[{index}].{name[:100]}", "is not a column of the dataset"
            elif type(value) not in _TYPES[kind]:
                yield f"records[{index}].{name}", f"{_WANTED[kind]}, not {_NAMES[type(value)]}"
            elif not _in_range(kind, value):
                yield f"records[{index}].{name}", _WANTED[kind]
