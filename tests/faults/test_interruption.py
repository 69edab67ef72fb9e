"""Ctrl-C, SIGTERM, a cancelled task, a time-out on waiting: what has arrived is kept, and it goes on."""

import asyncio
import random
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import anyio.abc
import orjson
import pytest

from asyncclean.errors import JobWaitTimeoutError
from asyncclean.transfer.journal import Journal
from tests.cli.program import environment
from tests.faults.exact import Undisturbed
from tests.faults.messages import Message
from tests.faults.proxy import Proxy, an_answer, look_on, proxied
from tests.faults.runs import MAX_BLOCK_BYTES, Outcome, clean, client, strict
from tests.faults.schedules import Request

pytestmark = pytest.mark.anyio


def command(source: Path, name: str, url: str) -> list[str]:
    """The command that does what `runs.clean` does."""
    folder = source.parent / name
    folder.mkdir(exist_ok=True)
    return [
        *(sys.executable, "-m", "asyncclean", "clean", str(source), "-o", str(folder / "out.csv")),
        *("--rejects", str(folder / "rejects.ndjson"), "--workflow", "PassThrough", "--quiet"),
        *("--dataset", f"data_{name}", "--job", f"job {name}", "--max-block-bytes", str(MAX_BLOCK_BYTES)),
        *("--url", url, "--concurrency", "4"),
    ]


@asynccontextmanager
async def started(arguments: list[str], url: str) -> AsyncIterator[anyio.abc.Process]:
    """The program, as a user has started it."""
    settings = environment(
        ASYNCCLEAN_TOKEN_URL=f"{url}/connect/token",
        ASYNCCLEAN_CLIENT_ID="me",
        ASYNCCLEAN_CLIENT_SECRET="s&e+c/r%et",
    )
    process = await anyio.open_process(
        arguments, stdin=None, stdout=None, stderr=subprocess.PIPE, env=settings
    )
    try:
        with anyio.fail_after(60):
            yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.aclose()


async def said(process: anyio.abc.Process, until: str = "") -> str:
    """What it says on standard error, up to ``until`` or its end."""
    assert process.stderr is not None
    text = ""
    async for piece in process.stderr:
        text += piece.decode()
        if until and until in text:
            break
    return text


def answered(proxy: Proxy) -> set[int]:
    """Blocks whose answer was passed back to the client."""
    return {
        seen.request.block
        for seen in proxy.seen
        if seen.request.block is not None and seen.status == 204 and seen.told
    }


def sent_again(proxy: Proxy, before: int) -> set[int]:
    return {seen.request.block for seen in proxy.seen[before:] if seen.request.block is not None}


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_settles_what_is_in_flight_and_the_same_command_goes_on(
    by: signal.Signals, service: str, undisturbed: Undisturbed
) -> None:
    name = f"stopped_by_{by.name.lower()}"
    reached, stopping = anyio.Event(), anyio.Event()

    async def hold_the_fourth(request: Request) -> None:
        if request.block == 4:
            reached.set()
            await stopping.wait()

    async with proxied(service, after=hold_the_fourth, stricter=strict) as proxy:
        arguments = command(undisturbed.source, name, proxy.url)
        async with started(arguments, proxy.url) as process:
            await reached.wait()
            process.send_signal(by)
            words = await said(process, until="Stopping")
            stopping.set()
            words += await said(process)
            assert await process.wait() == 130
        assert "The same command again goes on where this one stopped" in words
        assert "Traceback" not in words

        kept = answered(proxy)
        assert 4 in kept, "what was in flight was settled"
        journal = Journal(undisturbed.source.parent / name / "out.csv.asyncclean")
        assert journal.totals("Contacts").blocks == len(kept)
        journal.close()
        before = len(proxy.seen)
        async with client(proxy.url) as opened:
            summary = await clean(opened, undisturbed.source, name)
    assert Outcome.of(summary) == undisturbed.outcome
    assert summary.blocks_resumed == len(kept)
    assert sent_again(proxy, before).isdisjoint(kept)


async def test_a_second_signal_leaves_at_once(service: str, undisturbed: Undisturbed) -> None:
    reached = anyio.Event()

    async def never_answer(request: Request) -> None:
        if request.block is not None:
            reached.set()
            await anyio.sleep_forever()

    async with proxied(service, after=never_answer, stricter=strict) as proxy:
        arguments = command(undisturbed.source, "left_at_once", proxy.url)
        async with started(arguments, proxy.url) as process:
            await reached.wait()
            process.send_signal(signal.SIGINT)
            await said(process, until="Stopping")
            process.send_signal(signal.SIGINT)
            assert await process.wait() == 130
            assert "Interrupted" not in await said(process), "it did not wait for anything"
        proxy.after = look_on
        async with client(proxy.url) as opened:
            summary = await clean(opened, undisturbed.source, "left_at_once")
    assert Outcome.of(summary) == undisturbed.outcome


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="/proc tells what a process has loaded")
def test_a_signal_while_it_is_still_starting_ends_it_without_a_word(tmp_path: Path) -> None:
    arguments = [
        sys.executable,
        "-m",
        "asyncclean",
        "clean",
        "in.csv",
        "-o",
        "out.csv",
        "--url",
        "http://[::1]",
    ]
    with subprocess.Popen(
        arguments, cwd=tmp_path, env=environment(), stderr=subprocess.PIPE, text=True
    ) as process:
        # Within its imports, at the first of them that is no part of Python.
        while "orjson" not in Path(f"/proc/{process.pid}/maps").read_text():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()
    assert process.returncode == -signal.SIGINT, "of which a shell makes 130"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("seed", range(12))
async def test_a_call_that_is_cancelled_anywhere_again_and_again_goes_on(
    seed: int, service: str, undisturbed: Undisturbed
) -> None:
    draw = random.Random(seed)
    name = f"again_and_again_{seed}"
    scope, last = anyio.CancelScope(), 0

    async def cancel(request: Request) -> None:
        if request.number >= last:
            scope.cancel()

    async with proxied(service, stricter=strict) as proxy:
        for _ in range(4):
            scope = anyio.CancelScope()
            last = len(proxy.seen) + draw.randrange(12)
            proxy.before, proxy.after = draw.choice([(cancel, look_on), (look_on, cancel)])
            with scope:
                async with client(proxy.url) as opened:
                    await clean(opened, undisturbed.source, name)
            if not scope.cancelled_caught:
                break  # it was done before
        else:
            proxy.before = proxy.after = look_on
            async with client(proxy.url) as opened:
                await clean(opened, undisturbed.source, name)
        async with client(proxy.url) as opened:
            held = await opened.datasets.get(f"data_{name}")
    folder = undisturbed.source.parent / name
    assert held.record_count == undisturbed.outcome.records_out
    assert await anyio.Path(folder / "out.csv").read_bytes() == undisturbed.outcome.output
    assert {path.name async for path in anyio.Path(folder).iterdir()} == {"out.csv", "rejects.ndjson"}
    assert sum(seen.request.matches("POST /Job") and seen.status == 201 for seen in proxy.seen) == 1


Cancel = Callable[[], object]
Main = Callable[[], Coroutine[object, object, object]]
Way = Callable[[list[Cancel], Main], Coroutine[object, object, None]]


async def in_a_scope(cancelled_by: list[Cancel], run: Main) -> None:
    with anyio.CancelScope() as scope:
        cancelled_by.append(scope.cancel)
        await run()
    assert scope.cancelled_caught


async def in_a_task(cancelled_by: list[Cancel], run: Main) -> None:
    task = asyncio.create_task(run())
    cancelled_by.append(task.cancel)
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize("way", [in_a_scope, in_a_task])
@pytest.mark.parametrize("what", ["PATCH /Dataset", "PUT /Dataset", "POST /Job", "GET /Job", "GET .*/data"])
async def test_a_cancelled_call_goes_on_when_it_is_made_again(
    what: str, way: Way, service: str, undisturbed: Undisturbed
) -> None:
    name = f"cancelled_{way.__name__}_{''.join(char for char in what.lower() if char.isalnum())}"
    cancelled_by: list[Cancel] = []
    done = False

    async def cancel(request: Request) -> None:
        nonlocal done
        if not done and request.matches(what):
            done = True
            cancelled_by[0]()

    async with proxied(service, after=cancel, stricter=strict) as proxy:
        async with client(proxy.url) as opened:
            await way(cancelled_by, lambda: clean(opened, undisturbed.source, name))
        assert done
        kept, before = answered(proxy), len(proxy.seen)
        async with client(proxy.url) as opened:
            summary = await clean(opened, undisturbed.source, name)
        jobs = [seen for seen in proxy.seen if seen.request.matches("POST /Job")]
    assert Outcome.of(summary) == undisturbed.outcome
    assert summary.blocks_resumed == len(kept)
    assert sent_again(proxy, before).isdisjoint(kept)
    assert sum(seen.status == 201 for seen in jobs) == 1


async def test_a_timeout_on_waiting_neither_cancels_nor_restarts_the_job(
    service: str, undisturbed: Undisturbed
) -> None:
    still_running = True

    def slow(message: Message) -> bytes | None:
        if still_running and message.method == "GET" and message.target.startswith("/Job/job%20waited"):
            if not started_already:
                return None
            return an_answer(
                "200 OK", orjson.dumps({"name": "job waited", "status": 1, "percentComplete": 40})
            )
        return strict(message)

    started_already = False

    async def look(request: Request) -> None:
        nonlocal started_already
        started_already = started_already or request.matches("POST /Job")

    async with proxied(service, before=look, stricter=slow) as proxy, client(proxy.url) as opened:
        with pytest.raises(JobWaitTimeoutError, match="goes on waiting") as error:
            await clean(opened, undisturbed.source, "waited", wait_timeout=0.2)
        assert error.value.job == "job waited"
        assert "40 % done" in str(error.value)
        still_running = False
        summary = await clean(opened, undisturbed.source, "waited")
    assert Outcome.of(summary) == undisturbed.outcome
    assert proxy.count("POST /Job") == 1
    assert proxy.count("DELETE /Job") == 0
    assert summary.blocks_resumed == summary.blocks
