"""Writes text as it is. Knows where the file's end is; knows no format."""

from collections.abc import Iterable, Sequence

from asyncclean.files.atomic import PartFile
from asyncclean.files.convert_ahead import ConvertAhead, Converted
from asyncclean.files.layout import Layout, Text
from asyncclean.files.pages import Page, Written


class PlainWriter:
    """What is converted reaches the file at once, so any `Written` is a place to go on from."""

    def __init__(self, file: PartFile, layout: Layout) -> None:
        self._file = file
        self._layout = layout
        self._ahead = ConvertAhead(layout.render, step=layout.step, threads=layout.threads)
        self._written = Written(file.length, 0)
        self.records = 0

    def write(self, pages: Sequence[Page]) -> Written:
        return self._append(self._ahead.add(pages))

    def _append(self, ready: Iterable[Converted[Text]]) -> Written:
        for converted in ready:
            if converted.result is not None:
                self._file.append(*self._layout.placed(converted.result, begun=self._file.length > 0))
            self._written = Written(self._file.length, self._written.pages + converted.pages)
            self.records += converted.records
        return self._written

    def sync(self) -> Written:
        written = self._append(self._ahead.rest())
        self._file.sync()
        return written

    def finish(self) -> None:
        self._append(self._ahead.rest())
        self._file.append(self._layout.end(begun=self._file.length > 0))

    def close(self) -> None:
        self._ahead.close()
        self._file.close()
