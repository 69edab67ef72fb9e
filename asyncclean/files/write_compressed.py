"""Writes text as gzip members or zstd frames, one for every 16 pages. Knows where a frame may end.

Which pages share a frame depends on their number from the file's start alone, so a file that was cut back
to the end of a frame and gone on with has the same bytes as one that was never stopped. Programs that read
gzip or zstd take several members or frames as one file.

Memory: the text of up to 16 pages, and once more while it is compressed.
"""

from collections.abc import Callable, Iterable, Sequence

import zstandard
from isal import isal_zlib

from asyncclean.files.atomic import PartFile
from asyncclean.files.convert_ahead import ConvertAhead, Converted
from asyncclean.files.formats import Compression
from asyncclean.files.layout import Layout, Text
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
        self._ahead = ConvertAhead(layout.render, step=layout.step, threads=layout.threads)
        self._compress = _COMPRESS[compression]
        self._begun = file.length > 0
        self._frame: list[bytes | memoryview] = []
        self._frame_pages = self._given_pages = 0
        self._written = Written(file.length, 0)
        self.records = 0

    def write(self, pages: Sequence[Page]) -> Written:
        left = list(pages)
        while left:
            # Pages of two frames are never converted together.
            room = FRAME_PAGES - self._given_pages % FRAME_PAGES
            self._given_pages += len(left[:room])
            self._add(self._ahead.add(left[:room]))
            left = left[room:]
        return self._written

    def _add(self, ready: Iterable[Converted[Text]]) -> None:
        for converted in ready:
            frame, pages = self._frame, self._frame_pages + converted.pages
            if converted.result is not None:
                frame = frame + self._layout.placed(converted.result, begun=self._begun)
            # Before anything is noted: what cannot be written comes once more.
            if pages == FRAME_PAGES:
                self._append(frame)
                self._written = Written(self._file.length, self._written.pages + pages)
                frame, pages = [], 0
            self._frame, self._frame_pages = frame, pages
            self._begun = self._begun or converted.result is not None
            self.records += converted.records

    def _append(self, frame: Sequence[bytes | memoryview]) -> None:
        if text := b"".join(frame):
            self._file.append(self._compress(text))

    def sync(self) -> Written:
        self._add(self._ahead.rest())
        self._file.sync()
        return self._written

    def finish(self) -> None:
        self._add(self._ahead.rest())
        self._append([*self._frame, self._layout.end(begun=self._begun)])

    def close(self) -> None:
        self._ahead.close()
        self._file.close()
