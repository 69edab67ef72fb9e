"""JSON records in bytes, one a line. Knows where lines end; knows no JSON."""

from collections.abc import Sequence


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

    def __getitem__(self, part: slice) -> "JsonLines":
        """Some records in turn. Cheap where they begin at or after the end of the part asked for last."""
        first, end, _ = part.indices(self._count)
        begin = self._find(first)
        return JsonLines(self.data[begin : self._find(end)], end - first)

    def _find(self, record: int) -> int:
        """The byte at which a record begins."""
        if record < self._record:
            self._record = self._byte = 0
        at = self._byte
        for _ in range(record - self._record):
            at = self.data.index(b"\n", at) + 1
        self._record, self._byte = record, at
        return at

    def records(self) -> list[bytes]:
        """Each record, without its line end."""
        return self.data.split(b"\n")[:-1]

    @staticmethod
    def array(parts: Sequence["JsonLines"]) -> bytes:
        """All records of some parts, none of them empty, as one JSON array."""
        commas = [part.data[:-1].replace(b"\n", b",") for part in parts]
        return b"".join((b"[", b",".join(commas) if len(commas) > 1 else commas[0], b"]"))
