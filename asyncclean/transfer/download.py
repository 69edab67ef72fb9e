"""Fetches an output dataset's pages side by side and hands them on in order. Knows pages; no format.

    fetchers (one task a page) ──any order──▶ reorder window ──runs, in order──▶ writer (one thread)

A page takes its place in the window before it is asked for and gives it up when the writer has it. What is
held at a time is therefore at most

    min(window, WINDOW_BYTES / the largest page so far) pages   +   a dozen that the writer is converting

even when the first page is the slowest. The window is no wider than the way to the service asks for: it
begins at WINDOW, and each time that the writer has to wait while it is full, a quarter is added, up to
WIDEST. Pages are converted off the event loop, as many at a time as have come in meanwhile.
"""

import time
from collections.abc import Sequence
from typing import Protocol

import anyio
import anyio.abc
import anyio.to_thread

from asyncclean.api.datasets import Datasets
from asyncclean.api.pacing import Limiter
from asyncclean.errors import VerificationError
from asyncclean.events import TELL_S, Listener, Progress, ignore
from asyncclean.files.output import Page, count_records, seems_to_hold
from asyncclean.transfer.bounds import DownloadBusy, download_bound
from asyncclean.transfer.reorder import Reorder

PAGE_RECORDS = 1000
"""Most records of a page: the service's own limit."""

WINDOW = 16
"""Most pages held or under way at first: 4 MB at 255 KB a page."""

WIDEST = 48
"""Default for the most that may become: 12 MB, and 240 pages/s behind 200 ms."""

WINDOW_BYTES = 32 << 20
"""Most bytes that the window is meant to hold: of pages over 700 KB it takes fewer than WIDEST,
though never under 4."""

LEAST_WINDOW = 4

RUN_PAGES = 8
"""Most pages handed over in one step: enough to make the step to the thread cheap, 2 MB at 255 KB."""


def pages_of(records: int) -> int:
    """How many pages hold so many records."""
    return -(-records // PAGE_RECORDS)


class PageWriter(Protocol):
    """Takes pages in order, in a worker thread."""

    def __call__(self, pages: Sequence[Page]) -> None: ...


class Download:
    """One output dataset on its way to one writer, from page ``first`` (from 0) on.

    Raises VerificationError when the service gives fewer records than the dataset has, or what a request
    fails with for good, or what the writer raises.
    """

    def __init__(
        self,
        datasets: Datasets,
        dataset: str,
        records: int,
        write: PageWriter,
        *,
        limiter: Limiter,
        first: int = 0,
        widest: int = WIDEST,
        listener: Listener = ignore,
    ) -> None:
        self._datasets = datasets
        self._dataset = dataset
        self._records = records
        self._write = write
        self._limiter = limiter
        self._listener = listener
        self._pages = pages_of(records)
        self._widest = widest
        self._reorder: Reorder[Page] = Reorder(min(WINDOW, widest), lowest=first)
        self._written = anyio.Event()
        self._arrived = anyio.Event()
        self._writer_waits = False
        self._told_at = time.monotonic()
        self.fetched = 0
        self.busy = DownloadBusy()

    async def run(self) -> None:
        """Fetch and write every page that remains."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._write_in_order)
            while self._reorder.next_index < self._pages:
                if not self._reorder.has_room:
                    await self._room()
                    continue
                index = self._reorder.begin()
                await self._limiter.acquire()
                tasks.start_soon(self._fetch, index)

    async def _room(self) -> None:
        """Wait until something is written; where the writer waits too, the window gets wider first."""
        window = self._reorder.window
        if self._writer_waits and not self._reorder.ready and window < self._widest:
            self._reorder.window = min(window + -(-window // 4), self._widest)
            self._writer_waits = False  # once is enough for this page
            return
        self._written = anyio.Event()
        await self._written.wait()

    async def _write_in_order(self) -> None:
        while self._reorder.lowest < self._pages:
            waiting = time.perf_counter()
            self._writer_waits = self.fetched > 0 and not self._reorder.ready  # the first must be waited for
            while not self._reorder.ready:
                self._arrived = anyio.Event()
                await self._arrived.wait()
            self._writer_waits = False
            begun = time.perf_counter()
            self.busy.awaiting_pages += begun - waiting
            await anyio.to_thread.run_sync(self._write, self._reorder.take(RUN_PAGES))
            self._reorder.done()
            self._written.set()
            self.busy.writing += time.perf_counter() - begun
            self._tell()

    async def _fetch(self, index: int) -> None:
        """Fetch one page, for which a permit is held; one that comes short is completed."""
        start = index * PAGE_RECORDS + 1
        wanted = min(PAGE_RECORDS, self._records - start + 1)
        what = f"Records {start:,} to {start + wanted - 1:,} of dataset {self._dataset!r}"
        json = await self._datasets.get_page(
            self._dataset, start, wanted, limiter=self._limiter, admitted=True
        )
        got = wanted if seems_to_hold(json, wanted) else await _count(json, what)
        while got < wanted:
            more = await self._datasets.get_page(
                self._dataset, start + got, wanted - got, limiter=self._limiter
            )
            count = await _count(more, what)
            if count == 0:
                break
            json = json.rstrip()[:-1] + (b"," if got else b"") + more.lstrip()[1:]
            got += count
        if got != wanted:
            raise VerificationError(
                what,
                expected=f"{wanted:,} records",
                found=f"{got:,}",
                hint="The service gave a page of another length than its dataset has.",
            )
        self.fetched += 1
        self._widest = min(self._widest, max(LEAST_WINDOW, WINDOW_BYTES // len(json)))
        self._reorder.window = min(self._reorder.window, self._widest)
        self._reorder.put(index, Page(json, got))
        self._arrived.set()

    def _tell(self) -> None:
        at_end = self._reorder.lowest >= self._pages
        if at_end or time.monotonic() - self._told_at >= TELL_S:
            self._told_at = time.monotonic()
            records = min(self._records, self._reorder.lowest * PAGE_RECORDS)
            bound = download_bound([self.busy], self._limiter.statistics())
            self._listener(Progress("download", records, records, bound=bound))


async def _count(json: bytes, what: str) -> int:
    count = count_records(json)
    if count is not None:
        return count
    try:
        # Counting exactly takes milliseconds, which the event loop has not got.
        count = await anyio.to_thread.run_sync(count_records, json, True)
    except ValueError as error:
        raise VerificationError(what, expected="a JSON array", found=f"none ({error})") from error
    assert count is not None
    return count
