"""Calls a function in a thread, a call ahead of whoever takes what it gives. Knows nothing of either.

An event loop that is busy comes to each thing a little late. Here the thread does not wait for it.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Generic, Self, TypeVar

import anyio
import anyio.to_thread

T = TypeVar("T")


class CallAhead(Generic[T]):
    """An async context manager; at its end it waits for the call that is running, and makes no other.

    Calls are made one after the other. There is always one more than results were asked for, even when one
    has raised an error.
    """

    def __init__(self, call: Callable[[], T]) -> None:
        self._call = call
        self._thread = ThreadPoolExecutor(1)
        self._upcoming = self._thread.submit(call)

    async def next(self) -> T:
        """What the next call gives; raises what it raises."""
        current, self._upcoming = self._upcoming, self._thread.submit(self._call)
        return await asyncio.wrap_future(current)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(self._thread.shutdown)
