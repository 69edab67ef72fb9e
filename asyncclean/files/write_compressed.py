"""Writes text as gzip members or zstd frames, one for every 16 pages. Knows where a frame may end.

Which pages share a frame depends on their number from the file's start alone, so a file that was cut back
to the end of a frame and gone on with has the same bytes as one that was never stopped. Programs that read
gzip or zstd take several members or frames as one file.

Memory: the text of up to 16 pages, and once more while it is compressed.
"""

from collections.abc import Callable, Sequence

import zstandard
from isal import isal_zlib

from asyncclean.files.atomic import PartFile
from asyncclean.files.formats import Compression
from asyncclean.files.layout import Layout
from asyncclean.files.pages import Page, Written

FRAME_PAGES = 16
"""Pages of a frame: about 2 MB of CSV, past which frames get no smaller in sum, and what a kill can cost."""

GZIP_LEVEL = 2
"""isal's own default: 460 MB/s, contacts in CSV 3.6 times smaller; level 3 gains 1 % at half the speed."""

ZSTD_LEVEL = 3
"""zstd's own default: 275 MB/s at 4.3 times smaller on the same."""

_GZIP_WINDOW = 31  # the largest window, and gzip's header, in which isal leaves name and time empty


def _gzip(text: bytes) -> bytes:
    return isal_zlib.compress(text, GZIP_LEVEL, _GZIP_WINDOW)


def _zstd(text: bytes) -> bytes:
    return zstandard.ZstdCompressor(level=ZSTD_LEVEL, write_checksum=True).compress(text)


_COMPRESS: dict[Compression, Callable[[bytes], bytes]] = {"gzip": _gzip, "zstd": _zstd}


class CompressedWriter:
    """Holds a frame back until it is full, so `Written.pages` is a multiple of `FRAME_PAGES`."""

    def __init__(self, file: PartFile, layout: Layout, compression: Compression) -> None:
        self._file = file
        self._layout = layout
        self._compress = _COMPRESS[compression]
        self._begun = file.length > 0
        self._frame: list[bytes | memoryview] = []
        self._frame_pages = 0
        self._written_pages = 0
        self.records = 0

    def write(self, pages: Sequence[Page]) -> Written:
        left = list(pages)
        while left:
            room = FRAME_PAGES - self._frame_pages
            self._add(left[:room])
            left = left[room:]
            if self._frame_pages == FRAME_PAGES:
                self._end_frame()
        self.records += sum(page.records for page in pages)
        return Written(self._file.length, self._written_pages)

    def _add(self, pages: Sequence[Page]) -> None:
        for pieces in self._layout.add(pages, begun=self._begun):
            self._frame += pieces
            self._begun = True
        self._frame_pages += len(pages)

    def _end_frame(self) -> None:
        if text := b"".join(self._frame):
            self._file.append(self._compress(text))
        self._frame.clear()
        self._written_pages += self._frame_pages
        self._frame_pages = 0

    def sync(self) -> None:
        self._file.sync()

    def finish(self) -> None:
        self._frame.append(self._layout.end(begun=self._begun))
        self._end_frame()

    def close(self) -> None:
        self._layout.close()
        self._file.close()
