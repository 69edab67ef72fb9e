"""Converts pages a few steps ahead of the writer, side by side, and gives what comes of them in order.

So the threads have work while the writer appends, syncs, or waits for its next turn. Knows no format.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, TypeVar

from asyncclean.files.pages import Page

T = TypeVar("T")

WAITING = 2
"""Steps that wait for a thread, or to be written, beyond those being converted."""


@dataclass(frozen=True, slots=True)
class Converted(Generic[T]):
    """What became of the next ``pages``, which hold ``records``; ``result`` None: they hold none."""

    result: T | None
    pages: int
    records: int


class ConvertAhead(Generic[T]):
    """``convert`` is called for ``step`` pages at a time, by each of ``threads``. For one thread at a time.

    What ``convert`` raises, `add` or `rest` raises when its turn has come, and from then on. Whoever fails
    to write what was given is given the same again.
    """

    def __init__(self, convert: Callable[[Sequence[Page]], T], *, step: int, threads: int) -> None:
        self._convert = convert
        self._step = step
        self._most = threads + WAITING
        self._pool = ThreadPoolExecutor(threads)
        self._pending: deque[tuple[Future[T] | None, int, int]] = deque()

    def add(self, pages: Sequence[Page]) -> Iterator[Converted[T]]:
        """Take pages in; gives what is to be written before there is room for them."""
        for start in range(0, len(pages), self._step):
            step = pages[start : start + self._step]
            filled = [page for page in step if page.records]
            future = self._pool.submit(self._convert, filled) if filled else None
            self._pending.append((future, len(step), sum(page.records for page in filled)))
            if len(self._pending) > self._most:
                yield from self._next()

    def rest(self) -> Iterator[Converted[T]]:
        """All that is not written yet."""
        while self._pending:
            yield from self._next()

    def _next(self) -> Iterator[Converted[T]]:
        # One that could not be converted, or not be written, stays where it is: nothing behind it may ever
        # be written in its place. So it goes only when the writer comes back for the next one.
        future, pages, records = self._pending[0]
        yield Converted(None if future is None else future.result(), pages, records)
        self._pending.popleft()

    def close(self) -> None:
        """Let the threads end; what is not written yet is forgotten. May be called again."""
        self._pool.shutdown(cancel_futures=True)
        self._pending.clear()
