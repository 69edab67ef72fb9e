"""Proves, without parsing, that JSON records are of a shape that is known. Knows JSON; knows no files.

A shape is the keys in their order and what kinds of values each has. Lines are held against it in compiled
code, at some 2 GB/s; or, where there is none, by a regular expression that polars runs as an automaton at 400
MB/s. A record that it matches is valid JSON, flat, without a key that is there twice, and holds no value of
another kind. What it does not match may be all of that too, in other words (keys in another order, a long
number): that is for `json_values` to tell.
"""

import json
import re
from collections.abc import Mapping, Sequence, Set

import polars as pl
import polars.exceptions

from asyncclean import native
from asyncclean.files.json_values import ValueKind

_SPACE = r"[ \t\r]*"
_ESCAPE = (
    r'\\(?:["\\/bfnrt]|u(?:[0-9a-cA-CeEfF][0-9a-fA-F]{3}|[dD][0-7][0-9a-fA-F]{2}'
    r"|[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}))"
)
_TEXT = rf'"(?:[^"\\\x00-\x1f]|{_ESCAPE})*"'
_VALUES: dict[ValueKind, Sequence[str]] = {
    "text": [_TEXT],
    # At most 15 digits are surely kept by a double, at most 18 are surely within 64 bits.
    "int": [r"-?(?:0|[1-9][0-9]{0,14})"],
    "long": [r"-?[1-9][0-9]{15,17}"],
    "decimal": [r"-?(?:0|[1-9][0-9]{0,2})\.[0-9]{1,12}", r"-?[1-9][0-9]{3,8}\.[0-9]{1,6}"],
    "bool": ["true", "false"],
    "number": [],
}

_BITS: dict[ValueKind, int] = {kind: native.JSON_KINDS.get(kind, 0) for kind in _VALUES}


class Shape:
    """What records look like: their keys in order, each with the kinds of its values; null is among them.

    ``whole``: every record has every key; else any may be missing.
    """

    def __init__(self, keys: Mapping[str, Set[ValueKind]], *, whole: bool) -> None:
        self._keys = tuple(json.dumps(key, ensure_ascii=False).encode() for key in keys)
        self._kinds = bytes(sum(_BITS[kind] for kind in kinds) for kinds in keys.values())
        self._whole = whole
        self._ascii = all(key.isascii() for key in keys)
        pairs = [rf"{_key(key)}{_SPACE}:{_SPACE}{_value(kinds)}{_SPACE}" for key, kinds in keys.items()]
        if whole:
            records = [r"\{" + ",".join(_SPACE + pair for pair in pairs) + r"\}"]
        else:
            # A comma may be missing or too many in what the first one takes, and any key may come in what
            # the second one takes; only a record that both take is one.
            ordered = r"\{" + _SPACE + "".join(rf"(?:{pair}[,}}]{_SPACE})?" for pair in pairs) + r"\}?"
            some = f"{_TEXT}{_SPACE}:{_SPACE}{_value({'text', 'int', 'long', 'decimal', 'bool'})}{_SPACE}"
            flat = rf"\{{{_SPACE}(?:{some}(?:,{_SPACE}{some})*)?\}}"
            records = [ordered, flat]
        self._all = [rf"\A(?:{_SPACE}{record}{_SPACE}\n)*\z" for record in records]
        self._one = [rf"\A{_SPACE}{record}{_SPACE}\z" for record in records]

    def proves(self, lines: bytes) -> bool:
        """Whether all of these lines, each with its line end, are records of this shape."""
        if native.json_proves is not None:
            proven = native.json_proves(lines, self._keys, self._kinds, self._whole)
            # Other keys may be written with escapes, which only the expressions know.
            if proven or self._ascii:
                return proven
        try:
            text = pl.Series([lines], dtype=pl.Binary).cast(pl.String)
            return all(text.str.contains(pattern)[0] for pattern in self._all)
        except pl.exceptions.PolarsError:
            return False

    def others(self, records: Sequence[bytes]) -> list[int]:
        """Which of these records are not of this shape, as far as can be told."""
        texts = pl.Series([_decoded(record) for record in records], dtype=pl.String)
        try:
            found = [texts.str.contains(pattern) for pattern in self._one]
        except pl.exceptions.PolarsError:
            # Too many columns for an automaton.
            return list(range(len(records)))
        same = found[0] if len(found) == 1 else found[0] & found[1]
        return (~same.fill_null(False)).arg_true().to_list()


def _decoded(record: bytes) -> str | None:
    try:
        return record.decode()
    except UnicodeDecodeError:
        return None


def _key(key: str) -> str:
    raw, escaped = json.dumps(key, ensure_ascii=False), json.dumps(key)
    forms = [re.escape(raw)] if raw == escaped else [re.escape(raw), re.escape(escaped)]
    return f"(?:{'|'.join(forms)})"


def _value(kinds: Set[ValueKind]) -> str:
    forms = [form for kind in sorted(kinds) for form in _VALUES[kind]]
    return f"(?:{'|'.join([*forms, 'null'])})"
