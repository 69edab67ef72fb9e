"""Reads whole HTTP/1.1 messages off a stream, byte for byte. Knows framing; understands nothing in them."""

import asyncio
import re
from dataclasses import dataclass

_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:[ \t]*chunked", re.IGNORECASE)
_CLOSE = re.compile(rb"\r\nconnection:[ \t]*close", re.IGNORECASE)
_BLOCK = re.compile(rb'^\{"blockNumber":(\d+)')


@dataclass(frozen=True, slots=True)
class Message:
    """``head`` with the blank line after it, and ``body`` as it was framed."""

    head: bytes
    body: bytes

    @property
    def bytes(self) -> bytes:
        return self.head + self.body

    @property
    def closes(self) -> bool:
        """Whether nothing follows it on its connection."""
        return _CLOSE.search(self.head) is not None

    @property
    def status(self) -> int:
        """Of an answer."""
        return int(self.head.split(b" ", 2)[1])

    @property
    def method(self) -> str:
        """Of a request."""
        return self.head.split(b" ", 1)[0].decode()

    @property
    def target(self) -> str:
        """Path and query of a request."""
        return self.head.split(b" ", 2)[1].decode()

    @property
    def block(self) -> int | None:
        """The number of the block that a request carries, if it does."""
        match = _BLOCK.match(self.body)
        return int(match[1]) if match else None


async def read_message(reader: asyncio.StreamReader, *, asked: str = "") -> Message | None:
    """The next message, or None when there is none. ``asked``: the method that an answer is to.

    Raises OSError or EOFError when it breaks off.
    """
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        if not error.partial:
            return None
        raise
    if asked and (asked == "HEAD" or head.split(b" ", 2)[1] in (b"204", b"304")):
        return Message(head, b"")
    if _CHUNKED.search(head):
        return Message(head, await _chunks(reader))
    length = _LENGTH.search(head)
    return Message(head, await reader.readexactly(int(length[1])) if length else b"")


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while True:
        line = await reader.readuntil(b"\r\n")
        size = int(line.split(b";")[0], 16)
        body += line + await reader.readexactly(size + 2)
        if size == 0:
            return body
