"""An unfinished run and a command that is not quite the same: other input or options, a second process."""

import os
import random
import subprocess
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import pytest

from asyncclean.errors import JournalError, NotFoundError
from asyncclean.summary import Summary
from tests.cli.program import Said, asyncclean, environment
from tests.faults.proxy import Proxy, look_on, proxied
from tests.faults.runs import client
from tests.faults.schedules import Request

pytestmark = pytest.mark.anyio

HEADER = "id,email,note\n"
RECORDS = 36_000
RECORD_BYTES = 300
"""Together 10 MB, which are read and acknowledged in several steps."""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Records of one length, so that each can be changed in its place. It comes out as it goes in."""
    path = tmp_path / "in.csv"
    with path.open("w") as file:
        file.write(HEADER)
        for number in range(RECORDS):
            start = f"{number:08},n{number}@example.org,"
            file.write(start + "x" * (RECORD_BYTES - len(start) - 1) + "\n")
    return path


def change_in_place(path: Path, record: int) -> None:
    """Another note in one record; size and time of change are as before."""
    before = path.stat()
    with path.open("r+b") as file:
        file.seek(len(HEADER) + record * RECORD_BYTES + RECORD_BYTES - 20)
        file.write(b"CHANGED")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    after = path.stat()
    assert (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns)


def put_back(path: Path, what: bytes) -> None:
    path.write_bytes(what)
    os.utime(path, ns=(0, 0))


def content(path: Path) -> bytes:
    return path.read_bytes()


def output_of(source: Path) -> bytes:
    return source.with_name("out.csv").read_bytes()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def clean(proxy: Proxy, source: Path, *, workflow: str = "PassThrough", **options: Any) -> Summary:
    async with client(proxy.url) as opened:
        return await opened.clean(source, source.with_name("out.csv"), workflow=workflow, **options)


async def stop_at(
    proxy: Proxy, is_there: Callable[[Request], bool], run: Callable[[], Awaitable[object]]
) -> None:
    """Cancel a run when the answer to such a request is on its way."""
    with anyio.CancelScope() as scope:

        async def look(request: Request) -> None:
            if is_there(request):
                scope.cancel()

        proxy.after = look
        await run()
    proxy.after = look_on
    assert scope.cancelled_caught


def block(number: int) -> Callable[[Request], bool]:
    return lambda request: request.block == number


async def test_an_edit_behind_what_was_sent_is_refused_though_size_and_time_are_the_same(
    service: str, source: Path
) -> None:
    async with proxied(service) as proxy:
        await stop_at(proxy, block(60), lambda: clean(proxy, source))
        change_in_place(source, 300)
        sent = proxy.count("PATCH /Dataset")
        with pytest.raises(JournalError, match=r"in\.csv has changed since .* --fresh"):
            await clean(proxy, source)
        assert proxy.count("PATCH /Dataset") == sent
        change = content(source)
        summary = await clean(proxy, source, fresh=True)
    assert summary.blocks_resumed == 0
    assert output_of(source) == change


@pytest.mark.parametrize("seed", range(6))
async def test_two_versions_of_an_input_are_never_mixed(seed: int, service: str, source: Path) -> None:
    draw = random.Random(seed)
    first = content(source)
    async with proxied(service) as proxy:
        await stop_at(proxy, block(draw.randrange(1, 250)), lambda: clean(proxy, source))
        change_in_place(source, draw.randrange(RECORDS))
        second = content(source)
        assert first != second
        try:
            await clean(proxy, source)
        except JournalError:
            # It was noticed. The old bytes alone do not do: the time of change is another one.
            put_back(source, first)
            with pytest.raises(JournalError, match="input Contacts differs"):
                await clean(proxy, source)
            await clean(proxy, source, fresh=True)
            second = first
    assert output_of(source) == second


async def test_an_edit_ahead_of_what_was_sent_is_sent(service: str, source: Path) -> None:
    async with proxied(service) as proxy:
        await stop_at(proxy, block(10), lambda: clean(proxy, source))
        change_in_place(source, RECORDS - 1000)
        summary = await clean(proxy, source)
    assert summary.blocks_resumed >= 1
    assert output_of(source) == content(source)


async def test_starting_over_takes_back_what_the_unfinished_run_made(service: str, source: Path) -> None:
    async with proxied(service) as proxy:
        await stop_at(proxy, block(10), lambda: clean(proxy, source, dataset="first_try"))
        summary = await clean(proxy, source, dataset="second_try", fresh=True)
        assert summary.blocks_resumed == 0
        async with client(proxy.url) as opened:
            with pytest.raises(NotFoundError):
                await opened.datasets.get("first_try")
            assert (await opened.datasets.get("second_try")).record_count == RECORDS
    assert names(source.parent) == ["in.csv", "out.csv"]


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"dataset": "another"}, "dataset was None and is 'another'"),
        ({"encoding": "latin-1"}, "encoding was 'utf-8' and is 'iso8859-1'"),
        ({"types": {"id": "int"}}, "input Contacts differs"),
        ({"rejects": "bad.ndjson"}, "rejects was False and is True"),
        (
            {"dataset": "another", "encoding": "cp1252"},
            "dataset was None and is 'another', encoding was 'utf-8' and is 'cp1252'",
        ),
    ],
)
async def test_other_options_are_refused_by_their_names_and_the_same_ones_go_on(
    options: dict[str, Any], named: str, service: str, source: Path
) -> None:
    if "rejects" in options:
        options = {"rejects": source.with_name("bad.ndjson")}
    async with proxied(service) as proxy:
        await stop_at(proxy, block(20), lambda: clean(proxy, source))
        sent = proxy.count("PATCH /Dataset")
        with pytest.raises(JournalError, match=rf"{named}\. Use the same .* or --fresh"):
            await clean(proxy, source, **options)
        assert proxy.count("PATCH /Dataset") == sent
        summary = await clean(proxy, source)
    assert summary.blocks_resumed > 0
    assert output_of(source) == content(source)


async def test_another_workflow_is_taken_before_the_job_and_refused_after(service: str, source: Path) -> None:
    async with proxied(service) as proxy:
        await stop_at(proxy, block(20), lambda: clean(proxy, source, workflow="Mistyped"))
        await stop_at(proxy, lambda request: request.matches("POST /Job"), lambda: clean(proxy, source))
        with pytest.raises(JournalError, match="workflow was 'PassThrough' and is 'ContactCleanse'"):
            await clean(proxy, source, workflow="ContactCleanse")
        await clean(proxy, source)
    assert proxy.count("POST /Job") == 1
    assert output_of(source) == content(source)


async def test_another_way_of_writing_is_refused_once_the_output_is_begun(service: str, source: Path) -> None:
    async with proxied(service) as proxy:
        await stop_at(proxy, lambda request: request.matches("GET .*/data"), lambda: clean(proxy, source))
        with pytest.raises(JournalError, match="csv_safe was False and is True"):
            await clean(proxy, source, csv_safe=True)
        summary = await clean(proxy, source)
    assert summary.blocks_resumed == summary.blocks
    assert output_of(source) == content(source)


async def said_of(*arguments: str | Path, cwd: Path, **variables: str) -> Said:
    """What the program said, while this loop goes on."""
    return await anyio.to_thread.run_sync(partial(asyncclean, *arguments, cwd=cwd, **variables))


async def test_a_second_process_on_the_same_output_is_refused_and_does_no_harm(
    service: str, source: Path, tmp_path: Path
) -> None:
    reached, refused = anyio.Event(), anyio.Event()

    async def hold(request: Request) -> None:
        if request.block == 5:
            reached.set()
            await refused.wait()

    async with proxied(service, after=hold) as proxy, anyio.create_task_group() as tasks:
        variables = {
            "ASYNCCLEAN_TOKEN_URL": f"{proxy.url}/connect/token",
            "ASYNCCLEAN_CLIENT_ID": "me",
            "ASYNCCLEAN_CLIENT_SECRET": "s&e+c/r%et",
        }
        arguments = ("clean", source, "-o", tmp_path / "out.csv", "--workflow", "PassThrough", "--quiet")
        said: list[Said] = []

        async def first() -> None:
            said.append(await said_of(*arguments, "--url", proxy.url, cwd=tmp_path, **variables))

        tasks.start_soon(first)
        await reached.wait()
        for more in ((), ("--fresh",), ("--force",)):
            second = await said_of(*arguments, *more, "--url", proxy.url, cwd=tmp_path, **variables)
            assert second.status == 1
            assert "Another run is writing to the same output" in second.err
        refused.set()
    assert [one.status for one in said] == [0], said
    assert output_of(source) == content(source)
    assert names(tmp_path) == ["in.csv", "out.csv"]


def test_of_two_processes_with_their_own_service_that_start_together_one_is_done(
    source: Path, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "asyncclean", "clean", str(source), "-o", str(tmp_path / "out.csv")]
    both = [
        subprocess.Popen(
            [*command, "--workflow", "PassThrough", "--quiet"],
            env=environment(),
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    said = [one.communicate(timeout=60)[1] for one in both]
    statuses = sorted(one.returncode for one in both)
    assert statuses in ([0, 1], [0, 2]), said
    assert not any("Traceback" in text for text in said)
    assert any("Another" in text or "exists already" in text for text in said)
    assert output_of(source) == content(source)
    assert names(tmp_path) == ["in.csv", "out.csv"]
