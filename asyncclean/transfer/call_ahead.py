"""Calls a function in a thread, a call ahead of whoever takes what it gives. Knows nothing of either.

An event loop that is busy comes to each thing a little late. Here the thread does not wait for it.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TypeVar

import anyio
import anyio.to_thread

T = TypeVar("T")


@asynccontextmanager
async def call_ahead(call: Callable[[], T]) -> AsyncIterator[Callable[[], Awaitable[T]]]:
    """Yields what gives the result of the next call, or raises what that raised.

    Calls are made one after the other. There is always one more than results were asked for, even when one
    has raised an error. At the end it waits for the call that is running, and makes no other.
    """
    thread = ThreadPoolExecutor(1)
    upcoming = thread.submit(call)

    async def following() -> T:
        nonlocal upcoming
        current, upcoming = upcoming, thread.submit(call)
        return await asyncio.wrap_future(current)

    try:
        yield following
    finally:
        thread.shutdown(wait=False, cancel_futures=True)
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(thread.shutdown)
