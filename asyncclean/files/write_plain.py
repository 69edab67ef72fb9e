"""Writes text as it is. Knows where the file's end is; knows no format."""

from collections.abc import Sequence

from asyncclean.files.atomic import PartFile
from asyncclean.files.layout import Layout
from asyncclean.files.pages import Page, Written


class PlainWriter:
    """Every write reaches the file at once, so any `Written` is a place to go on from."""

    def __init__(self, file: PartFile, layout: Layout) -> None:
        self._file = file
        self._layout = layout
        self._pages = 0
        self.records = 0

    def write(self, pages: Sequence[Page]) -> Written:
        for pieces in self._layout.add(pages, begun=self._file.length > 0):
            self._file.append(*pieces)
        self.records += sum(page.records for page in pages)
        self._pages += len(pages)
        return Written(self._file.length, self._pages)

    def sync(self) -> None:
        self._file.sync()

    def finish(self) -> None:
        self._file.append(self._layout.end(begun=self._file.length > 0))

    def close(self) -> None:
        self._layout.close()
        self._file.close()
