"""How answers are written. Knows JSON, compression and headers."""

import ipaddress
from collections.abc import Callable

import anyio.to_thread
import orjson
import zstandard
from aiohttp import web
from isal import igzip

from asyncclean.server.bodies import JSON


def json_reply(document: object, *, status: int = 200, location: str | None = None) -> web.Response:
    """A document as it is."""
    headers = {"Location": location} if location else None
    return web.Response(status=status, body=orjson.dumps(document), content_type=JSON, headers=headers)


def _zstd(data: bytes) -> bytes:
    packed: bytes = zstandard.ZstdCompressor(level=1).compress(data)
    return packed


def _gzip(data: bytes) -> bytes:
    packed: bytes = igzip.compress(data, 0)
    return packed


_CODERS: dict[str, Callable[[bytes], bytes]] = {"zstd": _zstd, "gzip": _gzip}


async def packed_reply(request: web.Request, body: bytes) -> web.Response:
    """A JSON body, compressed when the client takes that and is on another machine.

    On this one, compressing costs both ends more than the bytes that it saves.
    """
    headers = {"Vary": "Accept-Encoding"}
    if not is_loopback(request.remote):
        accepted = _accepted(request.headers.get("Accept-Encoding", ""))
        coding = next((coding for coding in _CODERS if coding in accepted), None)
        if coding is not None:
            body = await anyio.to_thread.run_sync(_CODERS[coding], body)
            headers["Content-Encoding"] = coding
    return web.Response(body=body, content_type=JSON, headers=headers)


def _accepted(header: str) -> set[str]:
    """The codings that an Accept-Encoding takes."""
    codings = (coding.replace(" ", "").lower().partition(";q=") for coding in header.split(","))
    return {name for name, _, quality in codings if quality.strip("0.") or not quality}


def is_loopback(host: str | None) -> bool:
    """Whether that address is this machine itself."""
    try:
        return host is not None and ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
