"""Senders send each thing once, in few tasks, and end however their use ends."""

import asyncio
import weakref

import anyio
import anyio.lowlevel
import pytest

from asyncclean.errors import unwrapped
from asyncclean.transfer.senders import Senders

pytestmark = pytest.mark.anyio


class Thing:
    """Something that is noticed when it is gone."""


async def test_each_thing_is_sent_once_by_as_many_tasks_as_are_sending_at_once() -> None:
    sent: list[int] = []
    by: set[int] = set()
    places = anyio.Semaphore(3)

    async def send(number: int) -> None:
        by.add(anyio.get_current_task().id)
        await anyio.lowlevel.checkpoint()
        sent.append(number)
        places.release()

    async with anyio.create_task_group() as tasks:
        senders = Senders(tasks, send)
        for number in range(50):
            await places.acquire()
            senders.start(number)
        await senders.finish()
        assert sorted(sent) == list(range(50))
    assert len(by) <= 4  # a place is free a moment before its task is


async def test_nothing_to_send_is_finished() -> None:
    async with anyio.create_task_group() as tasks:
        await Senders(tasks, anyio.sleep).finish()


async def test_what_was_sent_is_let_go_of() -> None:
    async def send(thing: Thing) -> None:
        pass

    async with anyio.create_task_group() as tasks:
        senders = Senders(tasks, send)
        thing = Thing()
        gone = weakref.ref(thing)
        senders.start(thing)
        del thing
        await anyio.wait_all_tasks_blocked()
        assert gone() is None
        await senders.finish()


async def test_a_cancellation_leaves_what_is_being_sent_the_time_to_settle() -> None:
    sent: list[str] = []

    async def send(what: str) -> None:
        await (anyio.sleep_forever() if what == "never" else anyio.sleep(0.01))
        sent.append(what)

    with anyio.CancelScope() as scope:
        async with anyio.create_task_group() as tasks:
            senders = Senders(tasks, send)
            try:
                senders.start("before")
                await anyio.sleep(0.05)
                for what in ("soon", "never", "unstarted"):
                    senders.start(what)
                scope.cancel()
                await senders.finish()
            except BaseException:
                senders.settle(0.1)
                raise
    assert scope.cancelled_caught
    assert sent == ["before", "soon", "unstarted"]


async def test_an_error_ends_the_group_and_lets_the_others_settle() -> None:
    sent: list[int] = []

    async def send(number: int) -> None:
        await anyio.sleep(0.001 * number)
        if number == 1:
            raise ValueError("one")
        sent.append(number)

    async def send_all() -> None:
        async with anyio.create_task_group() as tasks:
            senders = Senders(tasks, send)
            try:
                for number in range(3):
                    senders.start(number)
                await senders.finish()
            except BaseException:
                senders.settle(5)
                raise

    with pytest.raises(ValueError, match="one"), unwrapped():
        await send_all()
    assert sent == [0, 2]


def test_a_loop_that_is_closed_while_some_are_idle_ends_as_cancelled() -> None:
    """`asyncio.run` cancels all that is left at once, shielded or not."""
    cancelled: list[bool] = []

    async def main() -> None:
        blocked = anyio.Event()

        async def send(what: str) -> None:
            if what == "never":
                blocked.set()
                await anyio.sleep_forever()

        async def send_all() -> None:
            async with anyio.create_task_group() as tasks:
                senders = Senders(tasks, send)
                try:
                    senders.start("soon")
                    senders.start("never")
                    await senders.finish()
                except BaseException:
                    senders.settle(1)
                    raise

        sending = asyncio.ensure_future(send_all())
        sending.add_done_callback(lambda task: cancelled.append(task.cancelled()))
        await blocked.wait()

    asyncio.run(main())
    assert cancelled == [True]
