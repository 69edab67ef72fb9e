"""Each kind of fault by its name, on the first request of each kind that a main job makes."""

import re
from contextlib import AsyncExitStack
from pathlib import Path
from typing import get_args

import anyio
import pytest

from asyncclean import AsynccleanError, Client, RetryPolicy
from asyncclean.errors import ConnectError, ServiceError, UsageError
from asyncclean.server.embedded import running
from tests.faults.exact import Undisturbed
from tests.faults.messages import Message
from tests.faults.proxy import proxied
from tests.faults.runs import (
    PATIENT,
    Outcome,
    clean,
    client,
    strict,
    strict_and_silent,
    write_input,
)
from tests.faults.schedules import Kind, Request, all_of, script

pytestmark = pytest.mark.anyio

STEPS = (
    "POST /connect/token",
    "GET /Dataset/[^/]+$",
    "POST /Dataset$",
    "PATCH /Dataset",
    "PUT /Dataset",
    "GET /Job",
    "POST /Job",
    "GET /Dataset/.*/data",
)


@pytest.mark.parametrize("kind", sorted(set(get_args(Kind)) - {"hold", "half json"}))
async def test_a_run_is_exact_after(kind: Kind, service: str, undisturbed: Undisturbed) -> None:
    steps = [step for step in STEPS if not (kind == "401" and step == "POST /connect/token")]
    schedule = all_of(*(script(step, kind) for step in steps))
    name = f"each_{kind}".replace(" ", "_")
    async with proxied(service, schedule, stricter=strict) as proxy, client(proxy.url) as opened:
        summary = await clean(opened, undisturbed.source, name)
        jobs = [job for job in await opened.jobs.list() if job.name == f"job {name}"]
    assert Outcome.of(summary) == undisturbed.outcome
    assert proxy.faults[kind] == len(steps)
    assert len(jobs) == 1
    made = [seen.status for seen in proxy.seen if seen.request.matches("POST /Dataset$")]
    assert made.count(201) + made.count(200) == 1


async def test_half_a_page_that_pretends_to_be_whole_is_fetched_again(
    service: str, undisturbed: Undisturbed
) -> None:
    schedule = script("GET /Dataset/.*/data", "half json", times=3)
    async with proxied(service, schedule, stricter=strict) as proxy, client(proxy.url) as opened:
        summary = await clean(opened, undisturbed.source, "half_json")
    assert Outcome.of(summary) == undisturbed.outcome
    assert proxy.faults["half json"] == 3


async def test_storms_of_429_and_503_are_sat_out(service: str, undisturbed: Undisturbed) -> None:
    schedule = all_of(
        script("PATCH /Dataset", "429 soon", times=8),
        script("PATCH /Dataset", "503", times=40, skip=8),
        script("GET /Dataset/.*/data", "429", times=3),
    )
    async with proxied(service, schedule, stricter=strict) as proxy, client(proxy.url) as opened:
        summary = await clean(opened, undisturbed.source, "storm")
    assert Outcome.of(summary) == undisturbed.outcome
    assert proxy.faults == {"429 soon": 8, "503": 40, "429": 3}


async def test_a_service_that_never_gets_well_ends_the_run_from_which_the_same_call_goes_on(
    service: str, undisturbed: Undisturbed
) -> None:
    schedule = script("PATCH /Dataset", "503", times=10_000, skip=3)
    few = RetryPolicy(attempts=3, base_s=0.001, throttled_base_s=0.001, spread_s=0.001)
    async with proxied(service, schedule, stricter=strict) as proxy:
        async with client(proxy.url, retry=few) as opened:
            with pytest.raises(ServiceError, match="after 3 attempts") as error:
                await clean(opened, undisturbed.source, "never_well")
        assert error.value.status == 503
        schedule.times = 0
        taken = sum(seen.status == 204 for seen in proxy.seen if seen.request.matches("PATCH /Dataset"))
        before = proxy.count("PATCH /Dataset")
        async with client(proxy.url) as opened:
            summary = await clean(opened, undisturbed.source, "never_well")
    assert Outcome.of(summary) == undisturbed.outcome
    assert summary.blocks_resumed == taken
    # A refused block is sent twice: as it is, and without the records at fault.
    refused = len({reject["line"] for reject in undisturbed.outcome.rejects})
    assert proxy.count("PATCH /Dataset") - before <= summary.blocks - summary.blocks_resumed + refused


async def test_bad_records_that_the_service_does_not_name_are_found_under_faults(
    service: str, undisturbed: Undisturbed
) -> None:
    schedule = all_of(script("PATCH", "reset after", times=20, skip=2), script("PATCH", "503", times=9))
    async with proxied(service, schedule, stricter=strict_and_silent) as proxy, client(proxy.url) as opened:
        summary = await clean(opened, undisturbed.source, "unnamed")
    assert Outcome.of(summary).without_reasons() == undisturbed.outcome.without_reasons()
    assert proxy.faults["reset after"] > 10


async def test_pages_that_come_short_are_completed(service: str, undisturbed: Undisturbed) -> None:
    def at_most_300(message: Message) -> Message:
        head = re.sub(rb"count=\d+", lambda m: b"count=%d" % min(300, int(m[0][6:])), message.head, count=1)
        return Message(head, message.body)

    async with proxied(service, stricter=strict, rewrite=at_most_300) as proxy, client(proxy.url) as opened:
        summary = await clean(opened, undisturbed.source, "short_pages")
    assert Outcome.of(summary) == undisturbed.outcome
    assert summary.pages == 3
    assert proxy.count("GET /Dataset/.*/data") == 4 + 4 + 2


async def test_the_server_restarts_in_mid_upload_and_in_mid_download(
    tmp_path: Path, undisturbed: Undisturbed
) -> None:
    restarts = 0

    async with AsyncExitStack() as servers, AsyncExitStack() as outside:

        async def start() -> str:
            return await servers.enter_async_context(
                running(tmp_path / "data", credentials={"me": "s&e+c/r%et"}, workers=1)
            )

        async def restart(request: Request) -> None:
            """While the fifth block, and the second page, has been taken and not yet answered."""
            nonlocal restarts
            here = request.block == 5 or request.target.endswith("start=1001&count=1000")
            if here and request.count == 0:
                restarts += 1
                await again.acquire()

        again = anyio.Semaphore(0)

        async def keep_restarting() -> None:
            for _ in range(2):
                while again.statistics().tasks_waiting == 0:
                    await anyio.lowlevel.checkpoint()
                proxy.upstream = "http://127.0.0.1:9"
                await servers.aclose()
                proxy.upstream = await start()
                again.release()

        proxy = await outside.enter_async_context(proxied(await start(), after=restart, stricter=strict))
        source = write_input(tmp_path / "in.csv")
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(keep_restarting)
            async with client(proxy.url) as opened:
                summary = await clean(opened, source, "restarts")
    assert Outcome.of(summary) == undisturbed.outcome
    assert restarts == 2
    assert summary.retries > 0


async def test_a_port_that_nobody_listens_on_is_told(tmp_path: Path) -> None:
    source = write_input(tmp_path / "in.csv")
    async with Client("http://127.0.0.1:9", retry=PATIENT) as opened:
        with pytest.raises(ConnectError, match="no connection"):
            await clean(opened, source, "refused")
    assert [path.name for path in (tmp_path / "refused").iterdir()] == []


async def test_a_name_that_nobody_knows_is_told(tmp_path: Path) -> None:
    source = write_input(tmp_path / "in.csv")
    async with Client("http://no-such-host.invalid", retry=PATIENT) as opened:
        with pytest.raises(AsynccleanError, match=r"no-such-host\.invalid"):
            await clean(opened, source, "unknown_name")


async def test_a_job_of_another_run_is_not_taken_for_this_ones(
    service: str, undisturbed: Undisturbed
) -> None:
    async with proxied(service, stricter=strict) as proxy, client(proxy.url) as opened:
        await clean(opened, undisturbed.source, "first_of_two")
        with pytest.raises(UsageError, match="'job first_of_two' is there already, over other datasets"):
            await clean(opened, undisturbed.source, "second_of_two", job="job first_of_two")
        summary = await clean(opened, undisturbed.source, "second_of_two")
    assert Outcome.of(summary) == undisturbed.outcome
    assert summary.blocks_resumed == summary.blocks
