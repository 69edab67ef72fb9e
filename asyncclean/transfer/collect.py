"""Brings one output dataset into one file, whole, in order and verified. Knows the life of such a file.

The file grows under another name beside its place. Now and then its length and the number of pages in it
are recorded, after they are synced; a run that goes on cuts it back to that length. When all is there it
is renamed into place: a reader never sees a part of it.
"""

import contextlib
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread

from asyncclean.api.datasets import Datasets
from asyncclean.api.models import Dataset
from asyncclean.api.pacing import Limiter
from asyncclean.errors import AsynccleanError, OutputError, VerificationError
from asyncclean.events import Listener, ignore
from asyncclean.files import atomic
from asyncclean.files.columns import Columns
from asyncclean.files.fingerprint import PrefixHash
from asyncclean.files.formats import FileFormat
from asyncclean.files.output import Page, Writer, Written, open_writer
from asyncclean.transfer.bounds import DownloadBusy
from asyncclean.transfer.download import PAGE_RECORDS, Download, PageWriter, pages_of
from asyncclean.transfer.journal import Journal

CHECKPOINT_S = 0.5
"""Least seconds between two checkpoints: what a kill can cost, against the price of a sync."""

AGAIN_SUFFIX = ".asyncclean-verify"


@dataclass(frozen=True, slots=True)
class Collected:
    """An output file that is in its place, and what this run did for that."""

    path: Path
    dataset: str
    records: int
    pages: int
    fetched_pages: int
    busy: DownloadBusy


class Collect:
    """One output dataset, known to the journal as ``key``, and the file that it goes into."""

    def __init__(
        self,
        key: str,
        dataset: Dataset,
        output: Path,
        *,
        format: FileFormat,
        columns: Columns,
        journal: Journal,
        datasets: Datasets,
        limiter: Limiter,
        listener: Listener,
        csv_safe: bool = False,
    ) -> None:
        self._fact = f"output:{key}"
        self._dataset = dataset
        self._output = output
        self._part = atomic.part_path(output)
        self._again = output.with_name(output.name + AGAIN_SUFFIX)
        self._format = format
        self._columns = columns
        self._journal = journal
        self._datasets = datasets
        self._limiter = limiter
        self._listener = listener
        self._csv_safe = csv_safe
        self._first = 0
        self._length = self._pages = 0
        self._checkpoint_at = time.monotonic()

    async def run(self) -> Collected:
        """Fetch, write, verify, rename.

        Raises OutputError, VerificationError, or what a request fails with for good.
        """
        state = await anyio.to_thread.run_sync(self._state)
        busy, fetched = DownloadBusy(), 0
        if not state.get("whole"):
            busy, fetched = await self._fetch(state)
        await anyio.to_thread.run_sync(atomic.discard, self._again)  # of a verification that was killed
        if not state.get("placed"):
            await anyio.to_thread.run_sync(atomic.commit, self._part, self._output)
        records = self._dataset.record_count
        return Collected(self._output, self._dataset.name, records, pages_of(records), fetched, busy)

    async def verify(self) -> None:
        """Fetch everything a second time and compare it with the file in its place, byte for byte.

        Raises VerificationError when they differ. Takes as much disk again meanwhile.
        """
        again = self._again
        try:
            writer = await anyio.to_thread.run_sync(self._open_writer, again, None)
            try:
                await self._download(lambda pages: _write(writer, pages), ignore, first=0).run()
                await anyio.to_thread.run_sync(writer.finish)
            finally:
                with anyio.CancelScope(shield=True):
                    await anyio.to_thread.run_sync(writer.close)
            await anyio.to_thread.run_sync(self._compare, again)
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(atomic.discard, again)

    async def _fetch(self, state: dict[str, Any]) -> tuple[DownloadBusy, int]:
        writer = await anyio.to_thread.run_sync(self._open, state)
        download = self._download(lambda pages: self._write(writer, pages), self._listener, first=self._first)
        try:
            await download.run()
            await anyio.to_thread.run_sync(self._finish, writer)
        except BaseException:
            with anyio.CancelScope(shield=True), contextlib.suppress(AsynccleanError):
                await anyio.to_thread.run_sync(self._leave, writer)
            raise
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(writer.close)
        return download.busy, download.fetched

    def _download(self, write: PageWriter, listener: Listener, *, first: int) -> Download:
        return Download(
            self._datasets,
            self._dataset.name,
            self._dataset.record_count,
            write,
            limiter=self._limiter,
            first=first,
            listener=listener,
        )

    def _state(self) -> dict[str, Any]:
        """What is recorded of the file, as far as it is still so. Blocking.

        A whole part that has gone from its place was renamed, if its inode is where it should be; else a
        power cut took it, and all begins again. So it does where the part is shorter than it was.
        """
        state: dict[str, Any] = self._journal.get(self._fact) or {}
        length = state.get("length", 0)
        if state.get("whole"):
            if _identity(self._part) == (state.get("inode"), length):
                return state
            if _identity(self._output) == (state.get("inode"), length):
                return state | {"placed": True}
            return {}
        found = _identity(self._part)
        return state if found is not None and found[1] >= length else {}

    def _open(self, state: dict[str, Any]) -> Writer:
        """Go on at the recorded length, or begin anew. Blocking."""
        self._first = self._pages = state.get("pages", 0)
        self._length = state.get("length", 0)
        return self._open_writer(self._part, self._length if self._pages else None)

    def _open_writer(self, path: Path, at: int | None) -> Writer:
        return open_writer(path, format=self._format, columns=self._columns, at=at, csv_safe=self._csv_safe)

    def _write(self, writer: Writer, pages: Sequence[Page]) -> None:
        self._reached(writer.write(pages))
        if time.monotonic() - self._checkpoint_at >= CHECKPOINT_S:
            self._checkpoint(writer)

    def _reached(self, written: Written) -> None:
        self._length = written.length
        self._pages = self._first + written.pages

    def _checkpoint(self, writer: Writer) -> None:
        self._checkpoint_at = time.monotonic()
        self._reached(writer.sync())
        if self._pages > self._first:
            self._journal.put_all({self._fact: {"length": self._length, "pages": self._pages}})

    def _leave(self, writer: Writer) -> None:
        """Keep what is written, however this ends, if there is a page in it."""
        try:
            self._checkpoint(writer)
        finally:
            if not self._pages:
                writer.close()
                atomic.discard(self._part)

    def _finish(self, writer: Writer) -> None:
        writer.finish()
        before = min(self._first * PAGE_RECORDS, self._dataset.record_count)  # the last page may be short
        records = before + writer.records
        if records != self._dataset.record_count:
            raise VerificationError(
                f"Records of {self._output}",
                expected=f"{self._dataset.record_count:,} as in dataset {self._dataset.name!r}",
                found=f"{records:,}",
            )
        writer.sync()
        try:
            stat = self._part.stat()
        except OSError as error:
            raise OutputError(self._part, error.strerror or str(error)) from error
        whole = {"whole": True, "pages": pages_of(records), "length": stat.st_size, "inode": stat.st_ino}
        self._journal.put_all({self._fact: whole})

    def _compare(self, again: Path) -> None:
        held, fetched = _describe(self._output), _describe(again)
        if held != fetched:
            raise VerificationError(
                f"Dataset {self._dataset.name!r}, fetched a second time, against {self._output}",
                expected=held,
                found=fetched,
                hint="Something else may have written to either of them.",
            )


def _write(writer: Writer, pages: Sequence[Page]) -> None:
    writer.write(pages)


def _describe(path: Path) -> str:
    content = PrefixHash(path)
    checksum = content.advance(sys.maxsize)
    return f"{content.at:,} bytes with the CRC-32 {checksum:08x}"


def _identity(path: Path) -> tuple[int, int] | None:
    """A file's inode and length, or None where there is none."""
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_ino, stat.st_size
