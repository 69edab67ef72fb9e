"""JSON records in bytes. Knows where each ends; knows no JSON."""

from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import accumulate

from asyncclean import native


class JsonRows:
    """Records, each with a comma behind it that ends at one of ``ends``."""

    def __init__(self, json: bytes | bytearray, ends: Sequence[int]) -> None:
        self._json = memoryview(json)
        self._ends = ends

    def __len__(self) -> int:
        return len(self._ends)

    def items(self, first: int, count: int) -> memoryview:
        """Some records, at least one, with commas between."""
        begin = self._ends[first - 1] if first else 0
        return self._json[begin : self._ends[first + count - 1] - 1]


class JsonLines:
    """Records, each with LF behind and none in it."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    @classmethod
    def of(cls, records: Iterable[bytes]) -> "JsonLines":
        """Some records, each without a line end."""
        return cls(b"".join(record + b"\n" for record in records))

    def __len__(self) -> int:
        return len(self._ends)

    def records(self) -> list[bytes]:
        """Each record, without its line end."""
        return self.data.split(b"\n")[:-1]

    def items(self, first: int, count: int) -> memoryview:
        """Some records, at least one, with commas between."""
        return self._rows.items(first, count)

    @cached_property
    def _ends(self) -> Sequence[int]:
        found = None if native.line_ends is None else native.line_ends(self.data)
        if found is not None:
            return numbers(found)
        return list(accumulate(len(record) + 1 for record in self.records()))

    @cached_property
    def _rows(self) -> JsonRows:
        return JsonRows(self.data.replace(b"\n", b","), self._ends)


def numbers(packed: bytes) -> Sequence[int]:
    """The 32-bit numbers that `native` gives."""
    return memoryview(packed).cast("I")


def array(parts: tuple[memoryview, ...]) -> bytes:
    """One JSON array of what is in some parts, each of records with commas between."""
    if native.json_array is not None:
        return native.json_array(*parts)
    return b"".join((b"[", b",".join(parts), b"]"))
