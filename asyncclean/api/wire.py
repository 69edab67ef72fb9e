"""One attempt: a request out, a whole answer in. The only place that knows aiohttp; judges nothing.

Proxies are taken from the environment (HTTPS_PROXY, HTTP_PROXY, NO_PROXY) once, when the wire is made;
this machine itself is never asked for through one. Redirects are answers like any other.
"""

import asyncio
import base64
import ssl
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import aiohttp
import orjson
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http import StreamWriter
from yarl import URL

from asyncclean.api.address import is_loopback
from asyncclean.errors import UsageError

PIECE = 1 << 20
"""Bytes handed to the socket at a time: a slow reader is then noticed within the idle time-out. A usual block
is one piece, copied once: that is cheaper than a call of the system for each of its parts."""

SMALL = 1 << 16
"""Most bytes of a body that goes out in one piece with its headers."""

MAX_ANSWER = 1 << 28
"""Most bytes of an answer (256 MiB): far beyond any page, and an end to what a broken service can send."""

USER_AGENT = "asyncclean"


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds. ``connect``: to have a connection, TLS included. ``read``: the longest silence, while the
    body goes out or the answer comes in. ``total``: one attempt as a whole.
    """

    connect: float = 10.0
    read: float = 60.0
    total: float = 300.0


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Raises ValueError when it is not JSON."""
        return orjson.loads(self.body)


class AnswerTooLargeError(Exception):
    """An answer is longer than anything the service has to say."""


class Wire(Protocol):
    """Sends one request and brings the answer, whatever its status.

    Raises what aiohttp raises when there is none, or AnswerTooLargeError.
    """

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def send(
        self, method: str, url: URL, headers: Mapping[str, str], body: Sequence[bytes] = ()
    ) -> Answer: ...


class HttpWire:
    """The real wire: one aiohttp session. Connections are as many as are asked for at once."""

    def __init__(self, timeouts: Timeouts = Timeouts(), ca_file: Path | None = None) -> None:
        self._timeouts = timeouts
        self._tls = trust(ca_file)
        self._proxies = urllib.request.getproxies()
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        timeouts = self._timeouts
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, ssl=self._tls),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": USER_AGENT},
            timeout=aiohttp.ClientTimeout(
                total=timeouts.total, sock_connect=timeouts.connect, sock_read=timeouts.read
            ),
        )
        # aiohttp would send PUT and DELETE again by itself when a kept connection turns out to be closed;
        # whether a request may have been done is for the caller to know.
        self._session._retry_connection = False

    async def close(self) -> None:
        if self._session is not None:
            session, self._session = self._session, None
            await session.close()
            # The transports are closed in the loop's next round; nobody should find them open after this.
            await asyncio.sleep(0)

    async def send(
        self, method: str, url: URL, headers: Mapping[str, str], body: Sequence[bytes] = ()
    ) -> Answer:
        if self._session is None:
            raise RuntimeError("the connection is not open: use it in `async with`")
        async with self._session.request(
            method,
            url,
            headers=headers,
            data=_Body(body, self._timeouts.read) if body else None,
            allow_redirects=False,
            **(self._proxy(url) if self._proxies else {}),
        ) as response:
            return Answer(response.status, response.headers, await _read(response.content))

    def _proxy(self, url: URL) -> dict[str, Any]:
        host = url.host or ""
        proxy = self._proxies.get(url.scheme)
        if not proxy or is_loopback(host) or urllib.request.proxy_bypass(host):
            return {}
        parsed = URL(proxy if "://" in proxy else f"http://{proxy}")
        if parsed.user is None:
            return {"proxy": parsed}
        secret = base64.b64encode(f"{parsed.user}:{parsed.password or ''}".encode()).decode()
        return {
            "proxy": parsed.with_user(None),
            "proxy_headers": {"Proxy-Authorization": f"Basic {secret}"},
        }


async def _read(content: aiohttp.StreamReader) -> bytes:
    pieces = []
    size = 0
    while piece := await content.readany():
        size += len(piece)
        if size > MAX_ANSWER:
            raise AnswerTooLargeError
        pieces.append(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


class _Body(aiohttp.Payload):
    """A body in parts; a reader that takes nothing of it for ``idle`` s ends it."""

    _autoclose = True

    def __init__(self, parts: Sequence[bytes], idle: float) -> None:
        super().__init__(parts, content_type="application/json")
        self._parts = parts
        self._idle = idle
        self._size = sum(map(len, parts))

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        return b"".join(self._parts).decode(encoding, errors)

    async def write(self, writer: AbstractStreamWriter) -> None:
        assert isinstance(writer, StreamWriter)
        whole = memoryview(b"".join(self._parts))
        if len(whole) > SMALL:
            # They would be copied into one with the body.
            writer.send_headers()
        for begin in range(0, len(whole), PIECE):
            await writer.write(whole[begin : begin + PIECE], drain=False)
            # Mostly the socket takes all at once, and there is nothing to set a timer for.
            if writer.transport is not None and writer.transport.get_write_buffer_size() > 0:
                async with asyncio.timeout(self._idle):
                    await writer.drain()


def trust(ca_file: Path | None) -> ssl.SSLContext | bool:
    """What aiohttp trusts anyway (the system's certificate authorities), or those and that of ``ca_file``.

    Raises UsageError for a bad file.
    """
    if ca_file is None:
        return True
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    try:
        context.load_verify_locations(ca_file)
    except (OSError, ssl.SSLError) as error:
        why = getattr(error, "strerror", None) or "it holds no certificate in PEM form"
        raise UsageError(f"{ca_file}: {why}.", hint="Give a PEM file with --ca-file.") from error
    return context
