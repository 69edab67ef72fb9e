"""What passes from a download to a writer: pages of JSON, and how far they got. Knows no output format."""

import json as stdlib_json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import orjson


@dataclass(frozen=True, slots=True)
class Page:
    """Some records of a dataset as the service gave them. ``json``: an array of ``records`` objects."""

    json: bytes
    records: int


@dataclass(frozen=True, slots=True)
class Written:
    """How far an output got: its first ``length`` bytes hold exactly the first ``pages`` pages.

    Pages are counted since the writer was opened. A writer holds pages back (while they are converted, and
    compression writes them in fixed groups), so ``pages`` can be less than what was handed over.
    """

    length: int
    pages: int


class Writer(Protocol):
    """Writes pages, in order, into a part file. Blocking; for one thread at a time.

    ``records``: how many were written since it was opened. Every method but `close` raises OutputError when
    the file cannot be written, and VerificationError when a page that was handed over does not hold what it
    says or what the columns say.
    """

    @property
    def records(self) -> int: ...

    def write(self, pages: Sequence[Page]) -> Written:
        """Add pages."""
        ...

    def sync(self) -> Written:
        """Bring everything that was handed over to the disk, save what must wait for more pages."""
        ...

    def finish(self) -> None:
        """Make the file whole, with its closing bracket or footer."""
        ...

    def close(self) -> None:
        """Let go of the file, whole or not. May be called again."""
        ...


_BOUNDARY = re.compile(rb'\},\{"[^,}\]:\s]')


def count_records(json: bytes, exact: bool = False) -> int | None:
    """How many records a page holds: by counting bytes, or None where counting cannot be sure.

    ``exact``: parse it, which always gives an answer and takes some five times as long. Raises ValueError
    when it is no JSON array (``exact`` only: the count takes the page to be valid JSON).

    Why the count is right. In valid JSON, ``},{"`` followed by anything but ``, } ] :`` or white space
    lies outside of strings: inside of one, its quote would have to be the closing quote, and one of these
    follows that. So each such place is a record's (or a nested object's) end and another's beginning. When
    their number is that of all the ``{`` less one, every brace but the first belongs to one of them, so
    there is neither a brace in a string nor an object nested in a record (the first object in a list or
    in a record does not follow ``},``): the objects are the records.
    """
    if exact:
        return len(parse_array(json))
    json = json.strip()
    if json == b"[]":
        return 0
    if not (json.startswith(b'[{"') and json.endswith(b"}]")):
        return None
    braces = json.count(b"{")
    # Nearly always all records begin with the same key, and counting a fixed string is the fastest.
    first_key = json[1 : json.find(b":") + 1]
    plain = first_key[2:3].isalnum() and json.count(b"}," + first_key) == braces - 1
    return braces if plain or len(_BOUNDARY.findall(json)) == braces - 1 else None


def seems_to_hold(json: bytes, records: int) -> bool:
    """Whether a page looks as if it held so many records: a look that costs next to nothing.

    A writer proves it before a record is written, so that what only looked so becomes an error.
    """
    if not (json.startswith(b'[{"') and json.endswith(b"}]")):
        return False
    # As json.count(b"{") == records, in a fifth of the time: that looks at each byte, and this uses memchr.
    rest = json.replace(b"{", b"[", records - 1)
    last = rest.find(b"{")
    return last >= 0 and rest.find(b"{", last + 1) < 0


def parse_array(json: bytes) -> list[Any]:
    """A page as Python objects. Raises ValueError when it is no JSON array."""
    try:
        parsed = orjson.loads(json)
    except orjson.JSONDecodeError:
        # Stricter than JSON's grammar about escaped surrogates and depth; the standard library is not.
        try:
            parsed = stdlib_json.loads(json, parse_constant=_refuse, parse_int=str, parse_float=str)
        except RecursionError as error:
            raise ValueError("it is nested too deeply") from error
    if not isinstance(parsed, list):
        raise ValueError(f"it is not an array but {type(parsed).__name__}")
    return parsed


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")
