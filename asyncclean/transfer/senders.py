"""Tasks that send, each of them one thing after the other. Knows nothing of what is sent.

A task of its own for each block would take a tenth of the time that the sending takes.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

import anyio
import anyio.abc
import anyio.lowlevel

T = TypeVar("T")


class Senders(Generic[T]):
    """As many tasks as there ever were things being sent at once; ``send`` sends one.

    What is being sent is not broken off by a cancellation, but by `settle` alone: that or `finish` must end
    their use. An error of ``send`` is one of the task group.
    """

    def __init__(self, tasks: anyio.abc.TaskGroup, send: Callable[[T], Awaitable[None]]) -> None:
        self._tasks = tasks
        self._send = send
        self._sending: set[anyio.CancelScope] = set()
        self._idle: list[tuple[anyio.CancelScope, asyncio.Future[T | None]]] = []
        self._none_sending = anyio.Event()
        self._ended = False

    def start(self, item: T) -> None:
        """Have it sent; does not wait."""
        if self._idle:
            scope, turn = self._idle.pop()
            turn.set_result(item)
        else:
            scope = anyio.CancelScope(shield=True)
            self._tasks.start_soon(self._run, scope, item)
        self._sending.add(scope)

    async def finish(self) -> None:
        """Wait until all is sent."""
        while self._sending:
            self._none_sending = anyio.Event()
            await self._none_sending.wait()
        self._end()

    def settle(self, seconds: float) -> None:
        """Give what is being sent this much time, and no more."""
        for scope in self._sending:
            scope.deadline = anyio.current_time() + seconds
        self._end()

    def _end(self) -> None:
        self._ended = True
        for _, turn in self._idle:
            # A loop that is being closed has cancelled it already.
            if not turn.done():
                turn.set_result(None)
        self._idle.clear()

    async def _run(self, scope: anyio.CancelScope, item: T | None) -> None:
        with scope:
            while item is not None:
                try:
                    await self._send(item)
                finally:
                    self._sending.discard(scope)
                    if not self._sending:
                        self._none_sending.set()
                # It may be large, and the next may be long in coming.
                del item
                item = await self._next(scope)
        # Where the time to settle ran out, the scope has swallowed the cancellation.
        await anyio.lowlevel.checkpoint_if_cancelled()

    async def _next(self, scope: anyio.CancelScope) -> T | None:
        if self._ended:
            return None
        turn: asyncio.Future[T | None] = asyncio.get_running_loop().create_future()
        self._idle.append((scope, turn))
        return await turn
