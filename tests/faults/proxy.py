"""A TCP proxy before a real server that does to requests what networks and services do. Knows how; not when.

    client ──▶ proxy ──▶ server          one connection there for each one here, kept as long

Every request is read whole, the schedule is asked, and the fault (if any) is done to it.
"""

import asyncio
import contextlib
import random
import socket
import struct
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import anyio
import anyio.abc
import anyio.lowlevel

from tests.faults.messages import Message, read_message
from tests.faults.schedules import Fault, Request, Schedule, never

LIMIT = 1 << 24
"""Most bytes of a message's head or chunk line that are looked through."""

Watch = Callable[[Request], Awaitable[None]]

Stricter = Callable[[Message], bytes | None]
"""What a stricter service says to a request that ours would take: an answer, or None to ask ours."""

Rewrite = Callable[[Message], Message]
"""What a request becomes on its way to the service."""

_HTML = b"<!DOCTYPE html>\n<html><head><title>Sign in to the guest network</title></head></html>\n"


async def look_on(request: Request) -> None:
    """The watcher that does nothing."""


def no_stricter(message: Message) -> bytes | None:
    """The service as it is."""
    return None


def as_it_is(message: Message) -> Message:
    """The request as it is."""
    return message


@dataclass(frozen=True, slots=True)
class Seen:
    """One request, what befell it, and the service's answer, if it was asked and did answer.

    ``told``: whether the client was sent all of that.
    """

    request: Request
    fault: Fault | None
    status: int | None
    told: bool


@dataclass(slots=True)
class Proxy:
    """A proxy that is running. ``upstream`` may be set to another address at any time.

    ``before`` is told of each request before it is passed on, ``after`` when its answer is in and has not
    been passed back. ``seen``: all requests that are over.
    """

    upstream: str
    schedule: Schedule = never
    before: Watch = look_on
    after: Watch = look_on
    stricter: Stricter = no_stricter
    rewrite: Rewrite = as_it_is
    url: str = ""
    seen: list[Seen] = field(default_factory=list)
    _counts: Counter[tuple[str, str, int | None]] = field(default_factory=Counter)
    _number: int = 0
    _to_refuse: int = 0
    _open: set[anyio.CancelScope] = field(default_factory=set)

    def count(self, what: str) -> int:
        """How many requests like ``what`` came, as in ``"PATCH /Dataset"``."""
        return sum(one.request.matches(what) for one in self.seen)

    @property
    def faults(self) -> Counter[str]:
        """How often each kind was done."""
        return Counter(one.fault.kind for one in self.seen if one.fault is not None)

    def renumber(self) -> None:
        """The next request has the number 0 again."""
        self._number = 0

    def refuse_no_more(self) -> None:
        """Those who come next are let in, whatever befell those before them."""
        self._to_refuse = 0

    async def hang_up(self) -> None:
        """End all connections, and wait until what was passed on is over."""
        for scope in self._open:
            scope.cancel()
        while self._open:
            await anyio.lowlevel.checkpoint()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, from its beginning to its end."""
        exchange = _Exchange(reader, writer, self.stricter)
        with anyio.CancelScope() as scope:
            self._open.add(scope)
            try:
                if self._to_refuse:
                    self._to_refuse -= 1
                    exchange.reset()
                    return
                while (message := await read_message(reader)) is not None:
                    if not await self._one(exchange, message):
                        return
            except (OSError, EOFError):
                exchange.reset()
            finally:
                exchange.close()
                self._open.discard(scope)

    async def _one(self, exchange: "_Exchange", message: Message) -> bool:
        """Deal with one request; gives whether the connection goes on."""
        what = (message.method, message.target, message.block)
        message = self.rewrite(message)
        request = Request(*what, count=self._counts[what], number=self._number)
        self._counts[what] += 1
        self._number += 1
        fault = self.schedule(request)
        await self.before(request)
        exchange.answer = None
        told = False
        try:
            goes_on = await self._do(fault, exchange, message, request)
            told = fault is None or fault.kind in ("hold", "drip", "duplicate")
            return goes_on
        finally:
            status = None if exchange.answer is None else exchange.answer.status
            self.seen.append(Seen(request, fault, status, told))

    async def _do(
        self, fault: Fault | None, exchange: "_Exchange", message: Message, request: Request
    ) -> bool:
        async def ask() -> Message:
            answer = await exchange.ask(self.upstream, message)
            await self.after(request)
            return answer

        match None if fault is None else fault.kind:
            case None:
                answer = await ask()
                await exchange.tell(answer.bytes)
                return not answer.closes
            case "hold":
                assert fault is not None
                assert fault.until is not None
                await fault.until.wait()
                await exchange.tell((await ask()).bytes)
                return True
            case "refuse":
                self._to_refuse += 1
                exchange.reset()
            case "reset before":
                exchange.reset()
            case "reset during":
                await exchange.ask_half(self.upstream, message)
                exchange.reset()
            case "reset at once":
                exchange.reset()
                await exchange.ask(self.upstream, message)
            case "reset after":
                await ask()
                exchange.reset()
            case "truncate":
                whole = (await ask()).bytes
                # Half of the body comes, or all but the last byte of a head without one.
                await exchange.tell(whole[: len(whole) - max(1, len(exchange.heard.body) // 2)])
                exchange.reset()
            case "garbage":
                await ask()
                await exchange.tell(random.Random(request.number).randbytes(200) + b"\r\n\r\n")
                exchange.reset()
            case "half json":
                body = (await ask()).body
                await exchange.tell(an_answer("200 OK", body[: len(body) // 2]))
                return True
            case "html 200":
                await exchange.tell(an_answer("200 OK", _HTML, "text/html"))
                return True
            case "html 502":
                await exchange.tell(an_answer("502 Bad Gateway", _HTML, "text/html"))
                return True
            case "500 after":
                await ask()
                await exchange.tell(an_answer("500 Internal Server Error"))
                return True
            case "500":
                await exchange.tell(an_answer("500 Internal Server Error"))
                return True
            case "503":
                await exchange.tell(an_answer("503 Service Unavailable"))
                return True
            case "503 past":
                past = "Retry-After: Tue, 15 Nov 1994 08:12:31 GMT\r\n"
                await exchange.tell(an_answer("503 Service Unavailable", more=past))
                return True
            case "429":
                await exchange.tell(an_answer("429 Too Many Requests"))
                return True
            case "429 soon":
                await exchange.tell(an_answer("429 Too Many Requests", more="Retry-After: 0\r\n"))
                return True
            case "401":
                await exchange.tell(an_answer("401 Unauthorized", more="WWW-Authenticate: Bearer\r\n"))
                return True
            case "stall before":
                await exchange.gone()
            case "stall after":
                await ask()
                await exchange.gone()
            case "drip":
                await exchange.drip((await ask()).bytes)
                return True
            case "duplicate":
                answer = await ask()
                await exchange.ask(self.upstream, message)
                exchange.answer = answer
                await exchange.tell(answer.bytes)
                return True
        return False


class _Exchange:
    """Both sides of one connection."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, stricter: Stricter
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._stricter = stricter
        self._there: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self.answer: Message | None = None

    @property
    def heard(self) -> Message:
        assert self.answer is not None
        return self.answer

    async def pass_on(self, upstream: str, message: Message) -> None:
        """Send a request to the server."""
        if self._there is None:
            address = urlsplit(upstream)
            self._there = await asyncio.open_connection(address.hostname, address.port, limit=LIMIT)
        self._there[1].write(message.bytes)
        await self._there[1].drain()

    async def hear(self, message: Message) -> Message:
        """The server's answer to what was passed on."""
        assert self._there is not None
        answer = await read_message(self._there[0], asked=message.method)
        if answer is None:
            raise EOFError("the server closed the connection")
        if answer.closes:
            self._close_there()
        self.answer = answer
        return answer

    async def ask(self, upstream: str, message: Message) -> Message:
        """Pass on and hear."""
        if (refusal := self._stricter(message)) is not None:
            head, body = refusal.split(b"\r\n\r\n", 1)
            self.answer = Message(head + b"\r\n\r\n", body)
            return self.answer
        await self.pass_on(upstream, message)
        return await self.hear(message)

    async def ask_half(self, upstream: str, message: Message) -> None:
        """Send half of a request to the server and hang up."""
        half = len(message.head) + len(message.body) // 2 if message.body else len(message.head) // 2
        await self.pass_on(upstream, Message(message.bytes[:half], b""))
        self._close_there()

    async def tell(self, data: bytes) -> None:
        """Send something to the client."""
        self._writer.write(data)
        await self._writer.drain()

    async def drip(self, data: bytes) -> None:
        """Send it in 50 pieces, each in a packet of its own."""
        step = len(data) // 50 + 1
        for at in range(0, len(data), step):
            await self.tell(data[at : at + step])
            await asyncio.sleep(0.0005)

    async def gone(self) -> None:
        """Wait until the client hangs up."""
        with contextlib.suppress(OSError):
            while await self._reader.read(1 << 16):
                pass

    def reset(self) -> None:
        """End the client's connection with a RST instead of a FIN."""
        raw = self._writer.get_extra_info("socket")
        if raw is not None and not self._writer.transport.is_closing():
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()

    def close(self) -> None:
        self._close_there()
        self._writer.close()

    def _close_there(self) -> None:
        if self._there is not None:
            self._there[1].transport.abort()
            self._there = None


def an_answer(status: str, body: bytes = b"{}", kind: str = "application/json", more: str = "") -> bytes:
    """A whole answer."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n{more}\r\n"
    return head.encode() + body


@asynccontextmanager
async def proxied(
    upstream: str,
    schedule: Schedule = never,
    *,
    before: Watch = look_on,
    after: Watch = look_on,
    stricter: Stricter = no_stricter,
    rewrite: Rewrite = as_it_is,
) -> AsyncIterator[Proxy]:
    """A proxy before ``upstream`` while inside; its ``url`` is where to go."""
    proxy = Proxy(upstream, schedule, before, after, stricter, rewrite)
    async with anyio.create_task_group() as tasks:

        def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            tasks.start_soon(proxy.serve, reader, writer)

        server = await asyncio.start_server(connected, "127.0.0.1", 0, limit=LIMIT)
        try:
            host, port = server.sockets[0].getsockname()[:2]
            proxy.url = f"http://{host}:{port}"
            yield proxy
        finally:
            server.close()
            tasks.cancel_scope.cancel()
