"""The calls on datasets. Knows their paths and their JSON; retries and time-outs are the connection's."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeVar

import orjson

from asyncclean.api.address import segment
from asyncclean.api.compression import compressed
from asyncclean.api.connection import Answer, Connection, Failure
from asyncclean.api.models import KIND_CODES, Dataset, DatasetSummary
from asyncclean.api.pacing import Limiter
from asyncclean.errors import (
    AsynccleanError,
    NotFoundError,
    RejectedError,
    RequestError,
    UsageError,
    VerificationError,
)
from asyncclean.events import Note
from asyncclean.kinds import ColumnKind

LISTED = 100
"""Entries on a page of a list."""

MOST_PAGES = 100_000
"""An end to a list whose service never ends it."""

CONFLICTS = frozenset({400, 409})
"""Statuses by which a service says that a thing is there, or done, already."""

T = TypeVar("T")


@lru_cache(maxsize=64)
def _data_path(name: str) -> str:
    return f"/Dataset/{segment(name)}/data"


def _path(name: str) -> str:
    return f"/Dataset/{segment(name)}"


class Datasets:
    """The service's datasets. ``type_codes``: what the service calls the kinds of columns that it knows."""

    def __init__(self, connection: Connection, type_codes: Mapping[ColumnKind, int] = KIND_CODES) -> None:
        self._connection = connection
        self._codes = dict(type_codes)
        self._kinds = {code: kind for kind, code in reversed(self._codes.items())}

    async def list(self, *, inputs: bool = True, outputs: bool = True) -> list[DatasetSummary]:
        """All datasets, by name."""
        params = {"includeInputs": str(inputs).lower(), "includeOutputs": str(outputs).lower()}
        return await listed(self._connection, "/Dataset", params, DatasetSummary.from_json)

    async def get(self, name: str) -> Dataset:
        """One dataset's details. Raises NotFoundError when there is none of this name."""
        path = _path(name)
        answer = await self._connection.request("GET", path)
        return self._read(answer, "GET", path)

    async def confirm(self) -> None:
        """See that what says "not found" is the service: it lists datasets.

        Something else in its place (a gateway, a page of maintenance) says so of everything, and has lost
        nothing. Raises NotFoundError then.
        """
        await self._connection.request("GET", "/Dataset", params={"page": 1})

    async def create(self, name: str, kinds: Mapping[str, ColumnKind]) -> Dataset:
        """A new input dataset with these columns.

        When the answer to an attempt got lost and the dataset is then there, empty or not, as it was
        asked for, it is taken as created. Raises RejectedError when it was there before, UsageError when
        what is there differs or the service has no code for a kind.
        """
        segment(name)
        body = {"name": name, "columns": {column: self._code(column, kind) for column, kind in kinds.items()}}
        result = await self._connection.send("POST", "/Dataset", json=body)
        if isinstance(result, Answer):
            return read_object(result, Dataset.from_json, self._kinds) or await self.get(name)
        held = await self._look_up(name, result)
        if self._same(held, kinds):
            return held
        raise UsageError(
            f"A dataset named {name!r} is there already and is another: {_describe(held)}.",
            hint="Choose another name with --dataset, or delete it.",
        ) from result.error

    async def complete(self, name: str, record_count: int) -> Dataset:
        """Mark an input dataset complete with this many records; one that is so already is left as it is.

        Raises RejectedError when the service counts otherwise, VerificationError when it was completed
        with another count.
        """
        path = _path(name)
        body = {"recordCount": record_count, "completed": True}
        result = await self._connection.send("PUT", path, json=body)
        if isinstance(result, Answer):
            held = read_object(result, Dataset.from_json, self._kinds) or await self.get(name)
        elif result.unsure or _is_conflict(result.error):
            held = await self._look_up(name, result, sure=True)
        else:
            raise result.error
        if not held.completed:
            if isinstance(result, Failure):
                raise result.error
            raise self._connection.garbage("PUT", path, "the dataset is still not complete")
        if held.record_count != record_count:
            raise VerificationError(
                f"Records of the completed dataset {name!r}",
                expected=f"{record_count:,}",
                found=f"{held.record_count:,}",
            )
        return held

    async def delete(self, name: str) -> None:
        """Remove a dataset and its data. Raises NotFoundError when there is none of this name."""
        result = await self._connection.send("DELETE", _path(name))
        if isinstance(result, Failure) and not (result.unsure and isinstance(result.error, NotFoundError)):
            raise result.error

    async def put_block(
        self, name: str, number: int, records: bytes, *, limiter: Limiter, admitted: bool = False
    ) -> None:
        """Send a JSON array of at most 1,000 records as block ``number``; it replaces that number's records.

        ``admitted``: a permit of ``limiter`` is held already; it is given back in any case.
        """
        path = _data_path(name)
        parts = (b'{"blockNumber":%d,"records":' % number, records, b"}")
        if self._connection.compression.encoding is not None:
            await self._put_compressed(path, parts, limiter, admitted)
            return
        await self._connection.request("PATCH", path, body=parts, limiter=limiter, admitted=admitted)

    async def _put_compressed(
        self, path: str, parts: Sequence[bytes], limiter: Limiter, admitted: bool
    ) -> None:
        compression = self._connection.compression
        encoding = compression.encoding
        assert encoding is not None
        try:
            body = await compressed(parts, encoding)
        except BaseException:
            if admitted:
                limiter.release()
            raise
        headers = {"Content-Encoding": encoding}
        result = await self._connection.send(
            "PATCH", path, body=body, headers=headers, limiter=limiter, admitted=admitted
        )
        if isinstance(result, Answer):
            compression.taken()
            return
        if not isinstance(result.error, RequestError) or not compression.suspect(result.error.status):
            raise result.error
        await self._connection.request("PATCH", path, body=parts, limiter=limiter)
        if compression.give_up():
            self._connection.listener(
                Note(f"The service does not take {encoding} bodies: they are sent uncompressed.")
            )

    async def get_page(
        self, name: str, start: int, count: int, *, limiter: Limiter, admitted: bool = False
    ) -> bytes:
        """Records ``start`` (from 1) and on, at most ``count`` (up to 1,000), as a JSON array.

        ``admitted``: as in `put_block`. Raises ProtocolError when the answer holds no array of records.
        """
        path = _data_path(name)
        answer = await self._connection.request(
            "GET", path, params={"start": start, "count": count}, limiter=limiter, admitted=admitted
        )
        if answer.body[:1] == b"[":
            return answer.body
        return self._unwrap(answer, path)

    def _unwrap(self, answer: Answer, path: str) -> bytes:
        body = answer.body.strip()
        if body[:1] == b"[":
            return body
        try:
            records = orjson.loads(body)
            records = records["records"]
        except (orjson.JSONDecodeError, KeyError, TypeError):
            records = None
        if not isinstance(records, list):
            raise self._connection.garbage("GET", path, "the answer holds no array of records")
        return orjson.dumps(records)

    def _code(self, column: str, kind: ColumnKind) -> int:
        code = self._codes.get(kind)
        if code is None:
            known = ", ".join(sorted(self._codes))
            raise UsageError(
                f"Column {column!r}: the service has no type for {kind!r}, only for {known}.",
                hint=f"Send it as text with --type {column}=text.",
            )
        return code

    def _read(self, answer: Answer, method: str, path: str) -> Dataset:
        held = read_object(answer, Dataset.from_json, self._kinds)
        if held is None:
            raise self._connection.garbage(method, path, "the answer describes no dataset")
        return held

    async def _look_up(self, name: str, failure: Failure, *, sure: bool = False) -> Dataset:
        """What the service holds after a doubtful answer; raises the failure where there is no doubt."""
        if not (failure.unsure or sure):
            raise failure.error
        try:
            return await self.get(name)
        except NotFoundError:
            raise failure.error from None

    def _same(self, held: Dataset, kinds: Mapping[str, ColumnKind]) -> bool:
        """Whether a dataset is what was asked for. Kinds that share a code are the same to the service."""
        asked = {column: self._codes[kind] for column, kind in kinds.items()}
        there = {column: self._codes.get(kind) for column, kind in held.columns.items()}
        return held.input and not held.completed and asked == there


def _is_conflict(error: AsynccleanError) -> bool:
    return isinstance(error, RejectedError) and error.status in CONFLICTS


def _describe(held: Dataset) -> str:
    columns = ", ".join(f"{name} ({kind})" for name, kind in held.columns.items())
    state = "complete" if held.completed else "open"
    what = "an input" if held.input else "an output"
    return f"{what} dataset, {state}, with the columns {columns or '(none)'}"


def read_object(answer: Answer, read: Callable[..., T], *more: Any) -> T | None:
    """The thing that an answer describes, or None when it describes none: no JSON object with a name."""
    try:
        body = answer.json()
    except ValueError:
        return None
    return read(body, *more) if isinstance(body, dict) and isinstance(body.get("name"), str) else None


async def listed(
    connection: Connection, path: str, params: Mapping[str, str], read: Callable[[Mapping[str, Any]], T]
) -> list[T]:
    """All entries of a paged list: from page 1 to the first that is not full, or gives nothing new."""
    entries: list[T] = []
    seen: set[bytes] = set()
    for page in range(1, MOST_PAGES + 1):
        answer = await connection.request("GET", path, params={"page": page, **params})
        found = _entries(connection, answer, path)
        known = len(seen)
        for entry in found:
            key = orjson.dumps(entry)
            if key not in seen:
                seen.add(key)
                entries.append(read(entry))
        if len(found) < LISTED or len(seen) == known:
            return entries
    raise connection.garbage("GET", path, f"the list does not end after {MOST_PAGES:,} pages")


def _entries(connection: Connection, answer: Answer, path: str) -> list[dict[str, Any]]:
    try:
        body = answer.json()
    except ValueError:
        body = None
    if not isinstance(body, list) or not all(isinstance(entry, dict) for entry in body):
        raise connection.garbage("GET", path, "the answer is no list")
    return body
