"""Calls are made in turn, one ahead, and none is running when their use has ended."""

import itertools
import threading

import anyio
import anyio.to_thread
import pytest

from asyncclean.transfer.call_ahead import call_ahead

pytestmark = pytest.mark.anyio


async def test_results_come_in_order_from_one_thread() -> None:
    threads: set[int] = set()
    numbers = itertools.count()

    def call() -> int:
        threads.add(threading.get_ident())
        return next(numbers)

    async with call_ahead(call) as following:
        assert [await following() for _ in range(100)] == list(range(100))
    assert len(threads) == 1
    assert threading.get_ident() not in threads


async def test_there_is_one_call_more_than_results_were_asked_for() -> None:
    made: list[int] = []
    done = threading.Semaphore(0)

    def call() -> None:
        made.append(len(made))
        done.release()

    async with call_ahead(call) as following:
        for asked in range(3):
            assert await anyio.to_thread.run_sync(lambda: done.acquire(timeout=10))
            await anyio.sleep(0.01)
            assert len(made) == asked + 1
            await following()


async def test_an_error_is_raised_in_its_turn() -> None:
    numbers = itertools.count()

    def call() -> float:
        return 1 / (next(numbers) - 1)

    async with call_ahead(call) as following:
        assert await following() == -1
        with pytest.raises(ZeroDivisionError):
            await following()
        assert await following() == 1


async def test_a_cancellation_waits_for_the_call_that_is_running() -> None:
    begun, release, ended = threading.Event(), threading.Event(), threading.Event()

    def call() -> None:
        begun.set()
        assert release.wait(10)
        ended.set()

    with anyio.CancelScope() as scope:
        async with call_ahead(call) as following:
            await anyio.to_thread.run_sync(begun.wait)
            threading.Timer(0.05, release.set).start()
            scope.cancel()
            await following()
    assert scope.cancelled_caught
    assert ended.is_set()
