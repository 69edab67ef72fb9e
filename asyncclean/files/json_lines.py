"""JSON records in bytes. Knows where each ends; knows no JSON."""

from collections.abc import Iterable, Sequence
from functools import cached_property


class JsonLines:
    """``count`` records, each with LF behind and none in it."""

    def __init__(self, data: bytes, count: int | None = None) -> None:
        self.data = data
        self._count = data.count(b"\n") if count is None else count
        self._record = self._byte = 0

    @classmethod
    def of(cls, records: Sequence[bytes]) -> "JsonLines":
        """Some records, each without a line end."""
        return cls(b"".join(record + b"\n" for record in records), len(records))

    def __len__(self) -> int:
        return self._count

    def records(self) -> list[bytes]:
        """Each record, without its line end."""
        return self.data.split(b"\n")[:-1]

    def items(self, first: int, count: int) -> memoryview:
        """Some records, at least one, with commas between. Cheap where each call goes on behind the last."""
        begin = self._find(first)
        return memoryview(self._commas)[begin : self._find(first + count) - 1]

    @cached_property
    def _commas(self) -> bytes:
        return self.data.replace(b"\n", b",")

    def _find(self, record: int) -> int:
        """The byte at which a record begins."""
        if record < self._record:
            self._record = self._byte = 0
        at, find = self._byte, self.data.index
        for _ in range(record - self._record):
            at = find(b"\n", at) + 1
        self._record, self._byte = record, at
        return at


class JsonRows:
    """Records as JSON objects, each with a comma behind it that ends at one of ``ends``."""

    def __init__(self, json: bytes, ends: Sequence[int]) -> None:
        self._json = memoryview(json)
        self._ends = ends

    def __len__(self) -> int:
        return len(self._ends)

    def items(self, first: int, count: int) -> memoryview:
        """Some records, at least one, with commas between."""
        begin = self._ends[first - 1] if first else 0
        return self._json[begin : self._ends[first + count - 1] - 1]


def array(parts: Iterable[memoryview]) -> bytes:
    """One JSON array of what is in some parts."""
    pieces: list[bytes | memoryview] = []
    for part in parts:
        pieces += (b",", part)
    return b"".join((b"[", *pieces[1:], b"]"))
