"""Reads one JSON record exactly, and tells what its values are. Knows JSON; knows no files and no frames.

This is the slow way (some 100,000 records/s): a number keeps the digits that it was written with, and what
other readers pass over in silence is found: a key twice in one object, half of a surrogate pair, NaN.
"""

import json
from collections.abc import Mapping, Sequence, Set
from decimal import Decimal
from typing import Literal

from asyncclean.kinds import ColumnKind

ValueKind = Literal["text", "int", "long", "decimal", "bool", "number"]
"""What a value is. "int" and "decimal": a double keeps the number exactly; "long": a whole number that only
64 bits do; "number": neither."""

_SURE_DIGITS = 15


class Whole(str):
    """A number without point and exponent, as it was written."""

    __slots__ = ()


class Fraction(str):
    """A number with point or exponent, as it was written."""

    __slots__ = ()


Value = str | bool | None
Record = Mapping[str, Value]


class BadRecord(ValueError):
    """A text that is no record. ``column``: the key at fault, or None."""

    def __init__(self, reason: str, column: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.column = column


def parse(text: str) -> Record:
    """The record that a text holds. Raises BadRecord when it holds none."""
    try:
        value = DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise BadRecord(f"malformed JSON at character {error.pos + 1:,}: {said(error)}.") from None
    except RecursionError:
        raise BadRecord("the value is nested too deeply.") from None
    return as_record(value)


def as_record(value: object) -> Record:
    """The record that a decoded value is. Raises BadRecord when it is none."""
    if not isinstance(value, _Pairs):
        raise BadRecord("is not an object with the columns as its keys.")
    record: dict[str, Value] = {}
    for key, item in value.pairs:
        _check_text(key, None)
        if key in record:
            raise BadRecord("the key is there twice.", key)
        if isinstance(item, _Pairs | list):
            what = "an object" if isinstance(item, _Pairs) else "an array"
            raise BadRecord(f"holds {what}; a column holds single values.", key)
        if isinstance(item, _NoJson):
            raise BadRecord(f"{item.name} is not JSON.", key)
        if isinstance(item, str):
            _check_text(item, key)
        assert item is None or isinstance(item, str | bool)
        record[key] = item
    return record


def _check_text(text: str, column: str | None) -> None:
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise BadRecord("holds half of a surrogate pair, which is no character.", column) from None


def kind_of(value: str | bool) -> ValueKind:
    """What a value other than null is."""
    match value:
        case bool():
            return "bool"
        case Whole():
            if len(value) <= _SURE_DIGITS:
                return "int"
            return "long" if -(2**63) <= int(value[:25]) < 2**63 else "number"
        case Fraction():
            return "decimal" if _exact(value) else "number"
        case _:
            return "text"


def column_kind(kinds: Set[ValueKind]) -> ColumnKind:
    """The kind of a column in which values of these kinds are."""
    if not kinds:
        return "text"
    if kinds <= {"int", "long"}:
        return "int"
    if kinds <= {"int", "decimal"}:
        return "decimal"
    return "bool" if kinds == {"bool"} else "text"


def literal(value: str | bool) -> str:
    """A value as a text: a text as it is, anything else as it was written."""
    return value if isinstance(value, str) else "true" if value else "false"


def _exact(number: str) -> bool:
    kept = float(number)
    if sum(char.isdigit() for char in number) <= _SURE_DIGITS and "e" not in number.lower():
        return True
    return kept not in (float("inf"), float("-inf")) and Decimal(number) == Decimal(repr(kept))


class _Pairs:
    """An object as its pairs, in order, doubles included."""

    __slots__ = ("pairs",)

    def __init__(self, pairs: Sequence[tuple[str, object]]) -> None:
        self.pairs = pairs


class _NoJson:
    """NaN or an infinity: other readers of JSON take them."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


DECODER = json.JSONDecoder(
    object_pairs_hook=_Pairs, parse_int=Whole, parse_float=Fraction, parse_constant=_NoJson
)


def said(error: json.JSONDecodeError) -> str:
    """What the decoder says, to be put into a sentence."""
    message = error.msg.removesuffix(" at").removesuffix(" starting")
    return message[:1].lower() + message[1:]
