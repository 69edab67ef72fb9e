"""Request bodies: how big, how slow, how compressed they may be. Knows bytes, not what they mean.

Memory: at most ``in_flight`` bytes of bodies as they came, and ``max_body`` more for each thread that
decompresses one.
"""

from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import anyio
import zstandard
from aiohttp import web
from isal import isal_zlib

from asyncclean.server.problems import Problem

MAX_BODY = 64 << 20
"""Default for the most bytes of a body, as it came and decompressed alike."""

MAX_SMALL_BODY = 1 << 20
"""Most bytes of a body that describes a dataset or a job."""

JSON = "application/json"

READ_IDLE_S = 30.0
"""Longest wait for more of a body."""

SLOWEST = 16 << 10
"""Bytes a second below which a body is given up, after the first `READ_IDLE_S`."""


MAX_MEMBERS = 64
"""Most members of a gzip body: what follows each is copied, so that many tiny ones would take for ever."""


class Budget:
    """Bytes that are shared in the order of asking; whoever asks for more than all gets all."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.free = size
        self._waiting: deque[tuple[int, anyio.Event]] = deque()

    @asynccontextmanager
    async def take(self, size: int) -> AsyncIterator[None]:
        """Hold ``size`` bytes while inside; waits until there are as many."""
        size = min(size, self.size)
        if self._waiting or size > self.free:
            await self._wait(size)
        else:
            self.free -= size
        try:
            yield
        finally:
            self._give_back(size)

    async def _wait(self, size: int) -> None:
        turn = anyio.Event()
        self._waiting.append((size, turn))
        try:
            await turn.wait()
        except BaseException:
            if turn.is_set():
                self._give_back(size)
            else:
                self._waiting.remove((size, turn))
                self._give_back(0)
            raise

    def _give_back(self, size: int) -> None:
        self.free += size
        while self._waiting and self._waiting[0][0] <= self.free:
            wanted, turn = self._waiting.popleft()
            self.free -= wanted
            turn.set()


@dataclass(frozen=True, slots=True)
class Body:
    """A body as it came. ``encoding``: its Content-Encoding; ``limit``: most bytes once decompressed."""

    data: bytes
    encoding: str
    limit: int

    def decoded(self) -> bytes:
        """The bytes meant. Blocking where compressed. Raises Problem: 400 (damaged), 413 (too big)."""
        if self.encoding == "identity":
            return self.data
        try:
            return _DECODERS[self.encoding](self.data, self.limit)
        except _DAMAGED as error:
            detail = f"The body is not {self.encoding}, as its Content-Encoding says: {error}."
            raise Problem(400, detail, title="The request is not valid") from None


@dataclass(slots=True)
class Bodies:
    """Reads the bodies of all requests. ``in_flight``: most bytes of all bodies at once."""

    max_body: int = MAX_BODY
    in_flight: int = 4 * MAX_BODY
    _budget: Budget = field(init=False)

    def __post_init__(self) -> None:
        self._budget = Budget(max(self.in_flight, self.max_body))

    @asynccontextmanager
    async def read(
        self, request: web.Request, limit: int | None = None, *, media: str = JSON
    ) -> AsyncIterator[Body]:
        """The body, of that media type, held against the budget while inside.

        Raises Problem: 400 (cut off), 408 (too slow), 413 (more than ``limit`` bytes), 415 (of a kind not
        known here).
        """
        limit = min(limit or self.max_body, self.max_body)
        encoding = _encoding(request, media)
        length = request.content_length
        if length is not None and length > limit:
            raise _too_big(limit)
        async with self._budget.take(limit if length is None else length):
            yield Body(await _read(request, limit), encoding, limit)


def _encoding(request: web.Request, media: str) -> str:
    # A browser sends a page's cross-site text/plain without asking, but never this.
    if request.headers.get("Content-Type") is not None and request.content_type != media:
        raise Problem(415, f"The body must be {media}, not {request.content_type}.")
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower() or "identity"
    if encoding != "identity" and encoding not in _DECODERS:
        raise Problem(
            415,
            f"The Content-Encoding {encoding!r} is not known.",
            headers={"Accept-Encoding": ", ".join(_DECODERS)},
        )
    return encoding


async def _read(request: web.Request, limit: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    begun = anyio.current_time()
    with anyio.move_on_after(READ_IDLE_S) as scope:
        try:
            while chunk := await request.content.readany():
                chunks.append(chunk)
                size += len(chunk)
                if size > limit:
                    raise _too_big(limit)
                scope.deadline = min(anyio.current_time(), begun + size / SLOWEST) + READ_IDLE_S
        except ConnectionError:
            # Nobody is there to be answered; and it is no failure of the server, to be told on its log.
            raise Problem(400, "The body was cut off.", close=True) from None
    if scope.cancelled_caught:
        raise Problem(408, "The body came too slowly.", close=True)
    return b"".join(chunks)


def _too_big(limit: int) -> Problem:
    return Problem(413, f"The body is over {limit:,} bytes.", title="The body is too big", close=True)


def _inflate(data: bytes, limit: int, wbits: int) -> bytes:
    """All members, one after the other."""
    parts: list[bytes] = []
    room = limit
    while data:
        if len(parts) == MAX_MEMBERS:
            raise EOFError(f"it has more than {MAX_MEMBERS} members")
        decompressor = isal_zlib.decompressobj(wbits)
        part = decompressor.decompress(data, room + 1)
        if len(part) > room:
            raise _too_big(limit)
        if not decompressor.eof:
            raise EOFError("it ends too early")
        parts.append(part)
        room -= len(part)
        data = decompressor.unused_data
    return b"".join(parts)


def _gunzip(data: bytes, limit: int) -> bytes:
    return _inflate(data, limit, 31)


def _undeflate(data: bytes, limit: int) -> bytes:
    return _inflate(data, limit, 15)


def _unzstd(data: bytes, limit: int) -> bytes:
    with zstandard.ZstdDecompressor(max_window_size=1 << 27).stream_reader(
        data, read_across_frames=True
    ) as reader:
        decoded: bytes = reader.read(limit + 1)
    if len(decoded) > limit:
        raise _too_big(limit)
    return decoded


_DECODERS = {"gzip": _gunzip, "zstd": _unzstd, "deflate": _undeflate}
_isal: Any = isal_zlib  # its stubs take the class of its error for an error
_DAMAGED: tuple[type[Exception], ...] = (_isal.error, zstandard.ZstdError, EOFError)
