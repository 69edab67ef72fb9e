"""Faults that do not pass: what a run ends with, and that the same call goes on from there."""

import asyncio
import socket
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, get_args

import pytest

from asyncclean import AsynccleanError, Client, RetryPolicy, Timeouts
from asyncclean.errors import AuthError, ConnectError, ProtocolError, ServiceError
from asyncclean.server import app
from asyncclean.server.auth import LIFETIME_S, Gate
from asyncclean.server.embedded import running
from tests.faults.exact import Undisturbed
from tests.faults.proxy import proxied
from tests.faults.runs import MAX_BLOCK_BYTES, PATIENT, Outcome, clean, client, strict, write_input
from tests.faults.schedules import Fault, Kind, Request, all_of, never, script
from tests.faults.test_each import STEPS

pytestmark = pytest.mark.anyio

CLIENT_ID, SECRET = "me", "s&e+c/r%et"

TWICE = RetryPolicy(
    attempts=2, first_contact_attempts=2, base_s=0.001, throttled_base_s=0.001, cap_s=0.001, spread_s=0.0
)

ENDS_WITH: dict[Kind, type[AsynccleanError]] = {
    "refuse": ConnectError,
    "reset before": ConnectError,
    "reset during": ConnectError,
    "reset at once": ConnectError,
    "reset after": ConnectError,
    "truncate": ConnectError,
    "garbage": ProtocolError,
    "html 200": ProtocolError,
    "html 502": ServiceError,
    "500": ServiceError,
    "500 after": ServiceError,
    "503": ServiceError,
    "503 past": ServiceError,
    "429": ServiceError,
    "429 soon": ServiceError,
    "401": AuthError,
    "stall before": ConnectError,
    "stall after": ConnectError,
}

DONE: frozenset[Kind] = frozenset({"reset after", "truncate", "garbage", "500 after", "stall after"})
"""After these the service has done it for certain, so that what was asked for is found there."""

FOUND = ("POST /Dataset$", "PUT /Dataset", "POST /Job")
"""What is looked up when its answer does not come."""

LEFT_THROUGH = {"PATCH /Dataset": 3, "GET /Dataset/.*/data": 1}
"""How many of these requests succeed before the fault comes."""


def failing(kind: Kind, steps: tuple[str, ...]) -> list[Callable[[Request], Fault | None]]:
    return [script(step, kind, times=1_000_000, skip=LEFT_THROUGH.get(step, 0)) for step in steps]


def test_every_kind_that_can_last_is_held_against_its_error() -> None:
    passing = {"hold", "drip", "duplicate", "half json"}
    assert set(get_args(Kind)) - passing == set(ENDS_WITH)


@pytest.mark.parametrize("kind", sorted(ENDS_WITH))
async def test_a_run_that_is_stopped_at_every_step_goes_on_each_time_after(
    kind: Kind, service: str, undisturbed: Undisturbed
) -> None:
    name = f"for_good_{kind}".replace(" ", "_")
    # One that stalls is given up soon; else a busy machine must not be taken for it.
    stalls = kind.startswith("stall")
    timeouts = Timeouts(read=0.5 if stalls else 30.0)
    steps = STEPS[2:4] + STEPS[6:] if stalls else STEPS
    blocks: set[int | None] = set()
    async with proxied(service, stricter=strict) as proxy:
        for index, step in enumerate(steps):
            # It lasts for all later steps: where a lost answer does no harm, the run ends at the next one.
            proxy.schedule = all_of(*failing(kind, steps[index:]))
            proxy.refuse_no_more()
            begun = len(proxy.seen)
            async with client(proxy.url, retry=TWICE, timeouts=timeouts) as opened:
                with pytest.raises(AsynccleanError) as error:
                    await clean(opened, undisturbed.source, name)
            met = [one.request for one in proxy.seen[begun:] if one.fault is not None]
            if step.endswith("token"):
                assert isinstance(error.value, AuthError)
                continue
            assert type(error.value) is ENDS_WITH[kind]
            if isinstance(error.value, ServiceError):
                assert str(error.value.status) in kind
            passed = step in FOUND and kind in DONE
            maybe_passed = step in FOUND and kind == "reset at once"
            if passed:
                assert not met[-1].matches(step), "its answer was not needed"
            elif not maybe_passed:
                assert met[-1].matches(step)
            # A block is sent again only if nobody heard that it had arrived.
            sent = [one for one in proxy.seen[begun:] if one.request.method == "PATCH"]
            assert not blocks & {one.request.block for one in sent}
            blocks |= {one.request.block for one in sent if one.told and one.status == 204}
        proxy.schedule = never
        proxy.refuse_no_more()
        async with client(proxy.url) as opened:
            summary = await clean(opened, undisturbed.source, name)
            held = await opened.datasets.get(f"data_{name}")
            jobs = [job.name for job in await opened.jobs.list() if job.name == f"job {name}"]
    assert Outcome.of(summary) == undisturbed.outcome
    assert held.record_count == undisturbed.outcome.records_out
    assert len(jobs) == 1
    made = [one.request.target for one in proxy.seen if one.status == 201]
    assert made == ["/Dataset", "/Job"], "each was made once"


@pytest.mark.parametrize("step", FOUND)
@pytest.mark.parametrize("kind", sorted(DONE | {"duplicate"}))
async def test_what_is_done_and_never_answered_is_found_and_not_done_again(
    kind: Kind, step: str, service: str, undisturbed: Undisturbed
) -> None:
    name = f"found_{kind}_{FOUND.index(step)}".replace(" ", "_")
    async with (
        proxied(service, script(step, kind, times=1_000_000), stricter=strict) as proxy,
        client(proxy.url, retry=TWICE, timeouts=Timeouts(read=0.5)) as opened,
    ):
        summary = await clean(opened, undisturbed.source, name)
    assert Outcome.of(summary) == undisturbed.outcome
    assert proxy.count(step) == (1 if kind == "duplicate" else 2)
    done = [one.status for one in proxy.seen if one.request.matches(step) and one.status in (200, 201)]
    assert len(done) == 1


async def test_tokens_that_expire_at_once_are_renewed_and_nothing_is_lost(
    tmp_path: Path, undisturbed: Undisturbed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server's clock leaps ahead by more than a token lives, three times."""
    late = 0.0
    monkeypatch.setattr(app, "Gate", partial(Gate, clock=lambda: late))

    async def tick(request: Request) -> None:
        nonlocal late
        in_mid_upload, at_its_end = request.block == 2, request.matches("PUT /Dataset")
        in_mid_download = request.target.endswith("start=1001&count=1000")
        if request.count == 0 and (in_mid_upload or at_its_end or in_mid_download):
            late += 2 * LIFETIME_S

    async with (
        running(tmp_path / "data", credentials={CLIENT_ID: SECRET}, workers=1) as url,
        proxied(url, before=tick, stricter=strict) as proxy,
        client(proxy.url) as opened,
    ):
        summary = await clean(opened, undisturbed.source, "expiring")
    refused = sum(one.status == 401 for one in proxy.seen)
    assert Outcome.of(summary) == undisturbed.outcome
    assert refused >= 3
    assert proxy.count("POST /connect/token") == 4, "those who are refused together ask once"


async def test_a_name_that_is_unknown_for_a_while_is_asked_for_again(
    tmp_path: Path, undisturbed: Undisturbed, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = 0
    resolve = asyncio.get_running_loop().getaddrinfo

    async def sometimes(host: str, *more: Any, **facts: Any) -> Any:
        nonlocal asked
        if host != "service.example":
            return await resolve(host, *more, **facts)
        asked += 1
        if asked <= 3:
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return await resolve("127.0.0.1", *more, **facts)

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", sometimes)

    def named(url: str, retry: RetryPolicy) -> Client:
        return Client(
            url.replace("127.0.0.1", "service.example"),
            token_url=f"{url}/connect/token",
            client_id=CLIENT_ID,
            client_secret=SECRET,
            insecure_http=True,
            retry=retry,
            max_block_bytes=MAX_BLOCK_BYTES,
        )

    source = write_input(tmp_path / "in.csv")
    async with (
        running(tmp_path / "data", credentials={CLIENT_ID: SECRET}, workers=1) as url,
        proxied(url, stricter=strict) as proxy,
    ):
        async with named(proxy.url, TWICE) as opened:
            with pytest.raises(ConnectError, match=r"the name is unknown \(service\.example\)"):
                await clean(opened, source, "unknown_for_a_while")
        async with named(proxy.url, PATIENT) as opened:
            summary = await clean(opened, source, "unknown_for_a_while")
    assert Outcome.of(summary) == undisturbed.outcome
    assert asked > 3
