"""Unpacks gzip and zstd as a stream. Knows the two formats; what is in them is not its business.

Both may consist of several parts put behind one another (members, frames), as parallel packers and log
rotation make them. A part that ends too soon is an error: a file cut short is never taken for a whole one.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, Protocol, cast

import zstandard
from isal import igzip_lib

from asyncclean.errors import InputError
from asyncclean.files.formats import Compression

MOST_OUT = 1 << 20
"""Bytes to unpack in one step, about: bounds the memory, whatever the ratio."""

LEAST_IN = 1 << 9


class _Part(Protocol):
    """A member or frame. ``rest``: what of its input lies behind it, once ``ended``.

    ``padding``: bytes that may stand between it and the next one.
    """

    padding: ClassVar[bytes]
    ended: bool
    rest: bytes

    def unpack(self, packed: bytes) -> Iterator[bytes]: ...


class _GzipMember:
    # Zeros may fill up the last sector of a tape; gzip itself passes over them.
    padding: ClassVar[bytes] = b"\0"

    def __init__(self) -> None:
        self._member = igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP)
        self.ended = False
        self.rest = b""

    def unpack(self, packed: bytes) -> Iterator[bytes]:
        yield self._member.decompress(packed, MOST_OUT)
        while not self._member.eof and not self._member.needs_input:
            yield self._member.decompress(b"", MOST_OUT)
        if self._member.eof:
            self.ended = True
            self.rest = self._member.unused_data


class _ZstdFrame:
    padding: ClassVar[bytes] = b""

    def __init__(self) -> None:
        self._frame = zstandard.ZstdDecompressor().decompressobj()
        self.ended = False
        self.rest = b""

    def unpack(self, packed: bytes) -> Iterator[bytes]:
        # This decompressor gives all that its input holds, so the input is given in pieces that follow
        # the ratio met so far.
        size, at = LEAST_IN, 0
        while at < len(packed):
            out = self._frame.decompress(packed[at : at + size])
            at += size
            yield out
            if self._frame.eof:
                self.ended = True
                self.rest = self._frame.unused_data + packed[at:]
                return
            size = max(LEAST_IN, min(2 * size, size * MOST_OUT // max(1, len(out))))


_DAMAGED: tuple[type[Exception], ...] = (cast(type[Exception], igzip_lib.IsalError), zstandard.ZstdError)
_PARTS: dict[Compression, type[_GzipMember] | type[_ZstdFrame]] = {"gzip": _GzipMember, "zstd": _ZstdFrame}


def decompress(path: Path, compression: Compression, steps: Iterator[bytes]) -> Iterator[bytes]:
    """What the bytes of ``steps`` hold, in pieces of about 1 MiB at most.

    Raises InputError when they are damaged, cut short, or not packed at all.
    """
    part: _Part | None = None
    padding = b""
    try:
        for packed in steps:
            rest = packed
            while part or (rest := rest.lstrip(padding)):
                part = part or _PARTS[compression]()
                yield from part.unpack(rest)
                rest, padding = part.rest, part.padding
                if not part.ended:
                    break
                part = None
    except _DAMAGED as error:
        if "too much memory" in str(error):
            raise InputError(
                path,
                "is packed with a window of over 128 MiB.",
                hint="Pack it again without --long or --ultra, or unpack it first.",
            ) from error
        raise InputError(
            path,
            f"is damaged, or not compressed with {compression} ({error}).",
            hint="Copy the file again, or name its format with --format.",
        ) from error
    if part is not None:
        raise InputError(
            path,
            f"ends in the middle of its {compression} data.",
            hint="Copy the file again: it was cut short.",
        )
