"""Attempts in virtual time, over a wire that a test writes down: gates, tokens, cancellation anywhere."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import pytest
from yarl import URL

from asyncclean.api.connection import Answer, Connection
from asyncclean.api.pacing import Limiter
from asyncclean.api.tokens import Auth
from asyncclean.errors import AsynccleanError
from tests.api import virtual_time

Behave = Callable[[str, str], Answer]
"""From a path and an Authorization header to an answer, or an error that is raised."""

ROUND_TRIP = 0.1


@dataclass
class ScriptedWire:
    """Answers as it is told, a tenth of a second after it was asked; keeps when, and for what."""

    behave: Behave
    asked: list[tuple[float, str]] = field(default_factory=list)

    async def open(self) -> None:
        pass

    async def close(self) -> None:
        pass

    async def send(
        self, method: str, url: URL, headers: Mapping[str, str], body: Sequence[bytes] = ()
    ) -> Answer:
        self.asked.append((asyncio.get_running_loop().time(), url.path))
        await asyncio.sleep(ROUND_TRIP)
        return self.behave(url.path, headers.get("Authorization", ""))


def one_after_another(*steps: Answer | Exception) -> Behave:
    left = iter(steps)

    def behave(path: str, authorization: str) -> Answer:
        step = next(left)
        if isinstance(step, Exception):
            raise step
        return step

    return behave


def said(status: int, body: bytes = b"{}", **headers: str) -> Answer:
    return Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, body)


def in_virtual_time(
    behave: Behave, test: Callable[[Connection, ScriptedWire, Limiter], Awaitable[None]], auth: Auth = Auth()
) -> None:
    async def main() -> None:
        clock = asyncio.get_running_loop().time
        wire = ScriptedWire(behave)
        async with Connection("https://api.example.com", auth=auth, wire=wire, clock=clock) as connection:
            await test(connection, wire, Limiter(fixed=2, clock=clock))

    virtual_time.run(main())


@pytest.mark.parametrize("status", [429, 503])
def test_a_retry_after_to_one_holds_back_all(status: int) -> None:
    async def test(connection: Connection, wire: ScriptedWire, limiter: Limiter) -> None:
        async def later() -> None:
            await asyncio.sleep(1.0)
            await connection.request("GET", "/second", limiter=limiter)

        await asyncio.gather(connection.request("GET", "/first", limiter=limiter), later())
        refused, *others = wire.asked
        assert refused == (0.0, "/first")
        assert sorted(path for _, path in others) == ["/first", "/second"]
        assert all(at >= 5.0 + ROUND_TRIP for at, _ in others)

    in_virtual_time(one_after_another(said(status, Retry_After="5"), said(200), said(200)), test)


def test_requests_that_wait_to_be_sent_again_keep_others_from_beginning() -> None:
    async def test(connection: Connection, wire: ScriptedWire, limiter: Limiter) -> None:
        asks = [connection.request("GET", f"/{number}", limiter=limiter) for number in range(50)]
        tasks = [asyncio.ensure_future(ask) for ask in asks]
        await asyncio.sleep(0.5)
        assert {path for _, path in wire.asked} == {"/0", "/1"}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert limiter.in_flight == 0

    in_virtual_time(lambda path, authorization: said(500), test)


def test_however_many_are_refused_with_one_token_one_of_them_gets_another() -> None:
    given: list[str] = []

    def behave(path: str, authorization: str) -> Answer:
        if path == "/token":
            given.append(f"t{len(given)}")
            return said(200, b'{"access_token": "%s", "expires_in": 3600}' % given[-1].encode())
        return said(401 if authorization == "Bearer t0" else 200)

    async def test(connection: Connection, wire: ScriptedWire, limiter: Limiter) -> None:
        await asyncio.gather(*(connection.request("GET", f"/{number}") for number in range(20)))
        assert given == ["t0", "t1"]

    auth = Auth(client_id="me", client_secret="hush", token_url="https://auth.example.com/token")
    in_virtual_time(behave, test, auth)


def test_a_token_that_cannot_be_renewed_ahead_of_time_serves_to_its_end() -> None:
    tokens = 0

    def behave(path: str, authorization: str) -> Answer:
        nonlocal tokens
        if path != "/token":
            return said(200)
        tokens += 1
        if tokens > 1:
            return said(400, b'{"error": "server_error"}')
        return said(200, b'{"access_token": "t", "expires_in": 100}')

    async def test(connection: Connection, wire: ScriptedWire, limiter: Limiter) -> None:
        await connection.request("GET", "/a")
        await asyncio.sleep(95.0)
        await connection.request("GET", "/b")
        await connection.request("GET", "/c")
        assert [path for _, path in wire.asked] == ["/token", "/a", "/token", "/b", "/c"]
        await asyncio.sleep(10.0)
        with pytest.raises(AsynccleanError, match="server_error"):
            await connection.request("GET", "/d")

    auth = Auth(client_id="me", client_secret="hush", token_url="https://auth.example.com/token")
    in_virtual_time(behave, test, auth)


@pytest.mark.parametrize("admitted", [True, False])
@pytest.mark.parametrize("hundredths", range(0, 620, 7))
def test_a_request_cancelled_at_any_moment_leaves_no_place_taken(admitted: bool, hundredths: int) -> None:
    # A lost connection, a gate of one second, a refused token and its renewal, a failure, and success.
    steps: dict[str, Iterator[Answer | Exception]] = {
        "/token": iter([said(200, b'{"access_token": "a"}'), said(200, b'{"access_token": "b"}')]),
        "/x": iter(
            [ConnectionResetError(), said(429, Retry_After="1"), said(401), said(500), said(200), said(200)]
        ),
    }

    def behave(path: str, authorization: str) -> Answer:
        step = next(steps[path])
        if isinstance(step, Exception):
            raise step
        return step

    async def test(connection: Connection, wire: ScriptedWire, limiter: Limiter) -> None:
        if admitted:
            await limiter.acquire()
        await limiter.acquire()
        task = asyncio.ensure_future(connection.request("GET", "/x", limiter=limiter, admitted=admitted))
        asyncio.get_running_loop().call_later(0.3, limiter.release)
        await asyncio.sleep(hundredths / 100)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await asyncio.sleep(0.5)
        assert limiter.in_flight == 0
        # Both places can be had again, once the gate is open.
        await asyncio.wait_for(asyncio.gather(limiter.acquire(), limiter.acquire()), 5.0)

    auth = Auth(client_id="me", client_secret="hush", token_url="https://auth.example.com/token")
    in_virtual_time(behave, test, auth)
