"""Connections of the server: how many, how slow, and what is said to those that do not speak HTTP.

aiohttp bounds how long a connection may idle between requests, but not how long one may take over the head
of a request or over reading its answer, nor how many there are.
"""

import asyncio
import logging
import resource
import socket
import struct
from dataclasses import dataclass, field
from typing import cast

from aiohttp import web
from aiohttp.typedefs import Handler
from aiohttp.web_protocol import RequestHandler
from aiohttp.web_request import BaseRequest

from asyncclean.server.problems import Problem

log = logging.getLogger("asyncclean.server")

MAX_CONNECTIONS = 1000
"""Most open connections, where the system allows as many open files: see `most_connections`."""

RESERVED_FILES = 64
"""Open files that are not for connections: the store's, the workers', the program's own."""

HEAD_S = 15.0
"""Longest time for the head of a request, from its first byte; for the first one, from connecting."""

IDLE_S = 75.0
"""How long a connection stays open without a request: longer than most clients keep theirs."""

ANSWER_S = 30.0
"""Longest time to take an answer, more by a second for each `SLOWEST` bytes of it."""

SLOWEST = 16 << 10
"""Bytes a second below which a client that reads is given up."""

_FULL = Problem(503, "There are too many connections.", headers={"Retry-After": "1"})


def most_connections() -> int:
    """`MAX_CONNECTIONS`, or what half of the files that this process may open leaves: a client in the same
    process has as many open."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files == resource.RLIM_INFINITY:
        return MAX_CONNECTIONS
    return max(1, min(MAX_CONNECTIONS, files // 2 - RESERVED_FILES))


@dataclass(slots=True)
class Connections:
    """Makes the connections of one server, and knows how many are ``open``."""

    server: web.Server
    most: int = field(default_factory=most_connections)
    open: int = 0

    def __call__(self) -> "Connection":
        return Connection(self)


class Connection(RequestHandler):
    """One connection."""

    __slots__ = ("_busy", "_deadline", "_pressing", "_shared")

    def __init__(self, shared: Connections) -> None:
        super().__init__(
            shared.server,
            loop=asyncio.get_running_loop(),
            keepalive_timeout=IDLE_S,
            access_log=None,  # type: ignore[arg-type]
            auto_decompress=False,
            lingering_time=5.0,
        )
        self._shared = shared
        self._busy = False
        self._deadline: asyncio.TimerHandle | None = None
        self._pressing: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._shared.open += 1
        self._expect_a_head()
        if self._shared.open > self._shared.most:
            cast(asyncio.Transport, transport).write(_raw(_FULL))
            self.force_close()

    def connection_lost(self, exc: BaseException | None) -> None:
        self._shared.open -= 1
        self._stop_expecting()
        self._stop_pressing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if not self._busy and self._deadline is None:
            self._expect_a_head()
        super().data_received(data)

    def pause_writing(self) -> None:
        super().pause_writing()
        if self.transport is not None:
            patience = ANSWER_S + self.transport.get_write_buffer_size() / SLOWEST
            self._pressing = self._loop.call_later(patience, self._abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._stop_pressing()

    def begin(self) -> None:
        """A request's head is here."""
        self._busy = True
        self._stop_expecting()

    def end(self) -> None:
        """The request is answered."""
        self._busy = False

    def _expect_a_head(self) -> None:
        self._deadline = self._loop.call_later(HEAD_S, self._give_up)

    def _stop_expecting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _stop_pressing(self) -> None:
        if self._pressing is not None:
            self._pressing.cancel()
            self._pressing = None

    def _abort(self) -> None:
        if self.transport is None:
            return
        # Otherwise the system would keep what the client does not read, and go on trying.
        no_lingering = struct.pack("ii", 1, 0)
        self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, no_lingering)
        self.transport.abort()

    def _give_up(self) -> None:
        self._deadline = None
        if not self._busy:
            self.force_close()

    def handle_error(
        self,
        request: BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """What aiohttp could not make a request of: problem details here too, not its page."""
        if request.writer is not None and request.writer.output_size > 0:
            raise ConnectionError("an answer was begun already")
        if status >= 500:
            log.error("A request failed", exc_info=exc)
        detail = "This is not a request as HTTP has it." if status < 500 else "The server failed."
        response = Problem(status, detail).response()
        response.force_close()
        return response


def _raw(problem: Problem) -> bytes:
    body = problem.response().body
    assert isinstance(body, bytes)
    head = (
        f"HTTP/1.1 {problem.status} {problem.title}\r\nContent-Type: application/problem+json\r\n"
        f"Content-Length: {len(body)}\r\nRetry-After: 1\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body


@web.middleware
async def watched(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Tells the connection when a request's head is here and when it is dealt with."""
    connection = request.protocol
    if not isinstance(connection, Connection):
        return await handler(request)
    connection.begin()
    try:
        return await handler(request)
    finally:
        connection.end()
