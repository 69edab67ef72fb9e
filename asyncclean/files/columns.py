"""Headers and the column names that the service takes. Knows the service's rule for names; reads nothing.

The mapping: a header that is a valid name (a-z first, then a-z, 0-9 and _) stays as it is. Any other is
stripped of accents and put in lower case, each run of other characters becomes one ``_``, and outer ``_``
go. What then begins with a digit gets ``c_`` in front; what is empty (a header in Chinese, say) becomes
``column_N`` by its position from 1. A name that is taken already gets ``_2``, ``_3``, ... behind it; valid
headers are served first. The same headers in the same order always give the same names.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from asyncclean.errors import InputError, UsageError
from asyncclean.kinds import ColumnKind

_VALID = re.compile(r"[a-z][a-z0-9_]*\Z")
_OTHER = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Column:
    """A column: ``header`` in the file, ``name`` at the service, and what it holds."""

    header: str
    name: str
    kind: ColumnKind


class Columns(tuple[Column, ...]):
    """The columns of a file, in its order."""

    __slots__ = ()

    def kinds(self) -> dict[str, ColumnKind]:
        """Each column's kind by its name, in order."""
        return {column.name: column.kind for column in self}

    @property
    def identity(self) -> bool:
        """Whether every header is its column's name."""
        return all(column.header == column.name for column in self)


def map_headers(headers: Iterable[str]) -> list[str]:
    """A name for each header, by the rule above; no two are the same."""
    headers = list(headers)
    taken = {header for header in headers if _VALID.match(header)}
    served: set[str] = set()
    names = []
    for position, header in enumerate(headers, 1):
        if _VALID.match(header) and header not in served:
            name = header
        else:
            name = _free(_plain(header) or f"column_{position}", taken)
        taken.add(name)
        served.add(name)
        names.append(name)
    return names


def _plain(header: str) -> str:
    folded = unicodedata.normalize("NFKD", header).casefold()
    bare = "".join(char for char in folded if not unicodedata.combining(char))
    name = _OTHER.sub("_", bare).strip("_")
    return f"c_{name}" if name[:1].isdigit() else name


def _free(name: str, taken: set[str]) -> str:
    free, count = name, 1
    while free in taken:
        count += 1
        free = f"{name}_{count}"
    return free


def check_headers(path: Path, headers: Sequence[str], *, line: int | None = None) -> None:
    """Every column needs a header of its own, else no output could give it back.

    Raises InputError that names the columns by position.
    """
    places: dict[str, int] = {}
    for position, header in enumerate(headers, 1):
        if not header.strip():
            raise InputError(
                path, f"column {position} of {len(headers)} has no header.", line=line, hint="Give it a name."
            )
        if header in places:
            raise InputError(
                path,
                f"columns {places[header]} and {position} have the same header {header!r}.",
                line=line,
                hint="Rename one of them.",
            )
        places[header] = position


def typed_columns(
    path: Path,
    headers: Sequence[str],
    kinds: Sequence[ColumnKind],
    types: Mapping[str, ColumnKind],
    allowed: frozenset[ColumnKind],
) -> Columns:
    """The columns of a file whose own ``kinds`` are known; ``types`` (by header or name) come before these.

    What is not ``allowed`` is text. Raises UsageError for a column in ``types`` that there is not.
    """
    names = map_headers(headers)
    known = {*headers, *names}
    if unknown := [wanted for wanted in types if wanted not in known]:
        raise UsageError(
            f"{path} has no column {unknown[0]!r} to give a type to.",
            hint=f"Its columns are: {', '.join(headers)}.",
        )
    chosen = [
        types.get(header, types.get(name, kind))
        for header, name, kind in zip(headers, names, kinds, strict=True)
    ]
    return Columns(
        Column(header, name, kind if kind in allowed else "text")
        for header, name, kind in zip(headers, names, chosen, strict=True)
    )
