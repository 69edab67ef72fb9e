"""One request: attempts, verdicts, permits, errors. Against a real server on a real socket."""

import contextlib
import ssl
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import anyio
import orjson
import pytest
import trustme
from aiohttp import web

from asyncclean.api.connection import Auth, Connection, Timeouts
from asyncclean.api.pacing import Limiter
from asyncclean.api.retry import RetryPolicy, RetryQuota
from asyncclean.errors import (
    AuthError,
    ConnectError,
    NotFoundError,
    ProtocolError,
    RejectedError,
    ServiceError,
    UsageError,
)
from asyncclean.events import Event, Retried
from tests.api.service import QUICK, Step, answer, connected, hang_up, serving

pytestmark = pytest.mark.anyio


def half(request: web.Request) -> web.Response:
    """Promise more than is sent, and hang up."""
    assert request.transport is not None
    request.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[1,2")
    return hang_up(request)


def garbage(request: web.Request) -> web.Response:
    assert request.transport is not None
    request.transport.write(b"\x00\x01 not HTTP\r\n\r\n")
    return hang_up(request)


async def test_an_answer_comes_back_whole() -> None:
    async with serving(answer({"hello": "there"})) as service, connected(service) as connection:
        found = await connection.request("GET", "/Dataset/a", params={"page": 1})
        assert found.json() == {"hello": "there"}
        assert (service.asked[0].method, service.asked[0].path) == ("GET", "/Dataset/a")
        assert service.asked[0].query == {"page": "1"}
        assert connection.retries == 0


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
async def test_a_passing_failure_is_tried_again(status: int) -> None:
    heard: list[Event] = []
    async with (
        serving(answer({"title": "Later"}, status), answer({"ok": 1})) as service,
        connected(service, listener=heard.append) as connection,
    ):
        assert (await connection.request("GET", "/x")).json() == {"ok": 1}
        assert connection.retries == 1
    (retried,) = heard
    assert isinstance(retried, Retried)
    assert (retried.method, retried.path, retried.attempt) == ("GET", "/x", 1)


@pytest.mark.parametrize(
    "fault", [hang_up, half, garbage, web.Response(body=b"<html>busy</html>"), web.Response(body=b"")]
)
async def test_a_lost_cut_or_garbled_answer_is_tried_again(fault: Step) -> None:
    async with serving(fault, answer([1])) as service, connected(service) as connection:
        assert (await connection.request("GET", "/x")).json() == [1]
        assert connection.retries == 1


@pytest.mark.parametrize("status", [400, 403, 405, 409, 410, 413, 415, 422])
async def test_another_refusal_is_final_and_quotes_the_service(status: int) -> None:
    problem = {
        "title": "No good",
        "detail": "The block is bad",
        "errors": {"records[3].age": ["not a number"]},
    }
    async with serving(answer(problem, status)) as service, connected(service) as connection:
        with pytest.raises(RejectedError) as caught:
            await connection.request("PATCH", "/Dataset/a/data", body=b"{}")
        assert len(service.asked) == 1
    error = caught.value
    assert (error.method, error.path, error.status, error.attempts) == ("PATCH", "/Dataset/a/data", status, 1)
    assert error.fields == {"records[3].age": ("not a number",)}
    for said in ("PATCH /Dataset/a/data", "No good", "The block is bad", "records[3].age: not a number"):
        assert said in str(error)


async def test_a_thing_that_is_not_there_is_an_error_of_its_own() -> None:
    async with serving(answer({}, 404)) as service, connected(service) as connection:
        with pytest.raises(NotFoundError):
            await connection.request("GET", "/Dataset/none")


async def test_attempts_end_with_an_error_that_counts_them() -> None:
    async with serving(answer({"detail": "on fire"}, 500)) as service, connected(service) as connection:
        with pytest.raises(ServiceError, match=r"after 8 attempts.*on fire") as caught:
            await connection.request("GET", "/x")
        assert len(service.asked) == 8
        assert caught.value.attempts == 8


async def test_html_in_every_answer_is_a_protocol_error() -> None:
    async with serving(web.Response(body=b"<html>")) as service, connected(service) as connection:
        with pytest.raises(ProtocolError, match="not JSON"):
            await connection.request("GET", "/x")


async def test_a_silent_service_is_timed_out_and_tried_again() -> None:
    async def silent(request: web.Request) -> web.StreamResponse:
        await anyio.sleep(5)
        return answer({})

    async with (
        serving(silent, answer({"ok": 1})) as service,
        connected(service, timeouts=Timeouts(read=0.1)) as connection,
    ):
        assert (await connection.request("GET", "/x")).json() == {"ok": 1}
        assert connection.retries == 1


async def test_nobody_there_is_told_soon() -> None:
    async with Connection("http://127.0.0.1:9", retry=QUICK) as connection:
        with pytest.raises(ConnectError, match="no connection"):
            await connection.request("GET", "/x")


async def test_a_name_that_is_unknown_is_told_as_such() -> None:
    async with Connection("http://no-such-host.invalid", retry=QUICK) as connection:
        with pytest.raises(ConnectError, match=r"no-such-host\.invalid"):
            await connection.request("GET", "/x")


async def test_a_redirect_is_not_followed() -> None:
    async with serving(answer({}, 307, Location="http://127.0.0.1:9/steal?x=1")) as service:
        async with connected(service, Auth(token="hush")) as connection:
            with pytest.raises(ProtocolError, match="redirects to"):
                await connection.request("PATCH", "/x", body=b"{}")
        assert len(service.asked) == 1


@pytest.mark.parametrize("form", ["seconds", "date"])
async def test_retry_after_is_waited_out_by_all(form: str) -> None:
    at = datetime.now(UTC) + timedelta(seconds=1)
    value = "1" if form == "seconds" else format_datetime(at, usegmt=True)
    slept: list[Retried] = []

    def hear(event: Event) -> None:
        if isinstance(event, Retried):
            slept.append(event)

    limiter = Limiter(fixed=4)
    async with (
        serving(answer({}, 429, Retry_After=value), answer({})) as service,
        connected(service, listener=hear) as connection,
    ):
        begun = anyio.current_time()
        await connection.request("GET", "/x", limiter=limiter)
        first = anyio.current_time() - begun
        assert slept[0].after <= 1.01 if form == "seconds" else slept[0].after <= 1.5
        assert first >= (1.0 if form == "seconds" else 0.0)
        assert limiter.in_flight == 0


async def test_a_retry_after_beyond_reason_ends_the_run_with_when_to_come_back() -> None:
    async with serving(answer({}, 503, Retry_After="7200")) as service, connected(service) as connection:
        with pytest.raises(ServiceError, match=r"wants none before .* UTC.*goes on where it stopped"):
            await connection.request("GET", "/x")
        assert len(service.asked) == 1


async def test_a_401_renews_the_token_once_and_then_gives_up() -> None:
    def tokens(request: web.Request) -> web.Response:
        if request.path == "/connect/token":
            return answer({"access_token": "t", "expires_in": 3600})
        return answer({"detail": "who are you"}, 401)

    async with serving(tokens) as service:
        auth = Auth(client_id="me", client_secret="s", token_url=f"{service.url}/connect/token")
        async with connected(service, auth) as connection:
            with pytest.raises(AuthError, match="who are you"):
                await connection.request("GET", "/x")
        assert [asked.path for asked in service.asked] == ["/connect/token", "/x", "/connect/token", "/x"]


@pytest.mark.parametrize(
    "script",
    [
        [answer({})],
        [answer({}, 400)],
        [answer({}, 500), answer({})],
        [hang_up, answer({})],
        [answer({}, 503)],
    ],
)
@pytest.mark.parametrize("admitted", [True, False])
async def test_a_permit_is_given_back_exactly_once(script: list[Step], admitted: bool) -> None:
    limiter = Limiter(fixed=2)
    async with serving(*script) as service, connected(service) as connection:
        if admitted:
            await limiter.acquire()
        with contextlib.suppress(RejectedError, ServiceError):
            await connection.request("PATCH", "/x", body=b"{}", limiter=limiter, admitted=admitted)
    assert limiter.in_flight == 0
    async with anyio.create_task_group() as tasks:
        for _ in range(2):
            tasks.start_soon(limiter.acquire)
    assert limiter.in_flight == 2


@pytest.mark.parametrize("fault", [None, answer({}, 500), hang_up])
@pytest.mark.parametrize("after", [0.0, 0.001, 0.003, 0.01])
async def test_a_cancelled_request_holds_no_permit(fault: Step | None, after: float) -> None:
    async def slow(request: web.Request) -> web.StreamResponse:
        await anyio.sleep(0.05)
        return answer({})

    limiter = Limiter(fixed=1)
    async with serving(fault or slow) as service, connected(service) as connection:
        with anyio.move_on_after(after):
            while True:
                try:
                    await connection.request("GET", "/x", limiter=limiter)
                except (ServiceError, ConnectError):
                    await anyio.lowlevel.checkpoint()
        assert limiter.in_flight == 0
        with anyio.fail_after(5):
            await limiter.acquire()


async def test_a_body_of_many_megabytes_arrives_whole() -> None:
    block = orjson.dumps([{"a": "x" * 1000}] * 5000)
    async with serving(answer({})) as service, connected(service) as connection:
        await connection.request("PATCH", "/x", body=(b'{"records":', block, b"}"))
        assert service.asked[0].body == b'{"records":' + block + b"}"


async def test_a_private_authority_is_trusted_when_it_is_given(tmp_path: Path) -> None:
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")

    async def handle(request: web.Request) -> web.Response:
        return answer({"safe": True})

    app = web.Application()
    app.router.add_get("/x", handle)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
        url = f"https://127.0.0.1:{runner.addresses[0][1]}"
        async with Connection(url, retry=QUICK, ca_file=tmp_path / "ca.pem") as connection:
            assert (await connection.request("GET", "/x")).json() == {"safe": True}
        async with Connection(url, retry=QUICK) as connection:
            with pytest.raises(ConnectError, match=r"not trusted.*--ca-file"):
                await connection.request("GET", "/x")
    finally:
        await runner.cleanup()


def test_a_bad_authority_file_is_explained(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("nothing")
    for path in (tmp_path / "ca.pem", tmp_path / "none.pem"):
        with pytest.raises(UsageError, match="--ca-file"):
            Connection("https://127.0.0.1", ca_file=path)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ftp://x",
        "nonsense",
        "http://",
        "http://user:hush@x",
        "http://x?a=1",
        "http://[::1",
        "http://x:99999",
    ],
)
def test_an_address_that_is_none_is_wrong_usage(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        Connection(url)
    assert "hush" not in str(caught.value)


def test_credentials_go_over_plain_http_to_this_machine_only() -> None:
    for url in ("http://api.example.com", "http://10.0.0.1", "http://localhost.example.com"):
        with pytest.raises(UsageError, match="plain http"):
            Connection(url, auth=Auth(token="hush"))
    for url in ("http://127.0.0.1:1", "http://localhost", "http://[::1]", "https://api.example.com"):
        Connection(url, auth=Auth(token="hush"))
    Connection("http://10.0.0.1", auth=Auth(token="hush"), insecure_http=True)


async def test_no_secret_is_in_anything_that_is_shown() -> None:
    secret = "s3cr&t+/%"
    problem = {"title": f"bad token {secret}", "detail": f"{secret} again"}
    auth = Auth(client_id="me", client_secret=secret, token_url="https://auth.example/token")
    token = Auth(token="t0ken-hush")
    async with serving(answer(problem, 400)) as service, connected(service, token) as connection:
        with pytest.raises(RejectedError):
            await connection.request("GET", "/x")
        shown = [repr(connection), str(connection), repr(auth), repr(token), str(token)]
    assert not any(secret in text or "t0ken-hush" in text for text in shown)
    async with serving(
        answer({"error": "invalid_client", "error_description": f"not {secret}"}, 400)
    ) as service:
        auth = Auth(client_id="me", client_secret=secret, token_url=f"{service.url}/token")
        async with connected(service, auth) as connection:
            with pytest.raises(AuthError, match="invalid_client") as caught:
                await connection.request("GET", "/x")
    assert secret not in str(caught.value)
    assert secret not in repr(caught.value.__cause__)


async def test_a_refusal_that_quotes_the_token_is_shown_without_it() -> None:
    said = "t0ken-hush is bad"
    problem = {"title": said, "detail": f"again: {said}", "errors": {"field": [said, "and odd"]}}
    auth = Auth(token="t0ken-hush")
    async with serving(answer(problem, 400)) as service, connected(service, auth) as connection:
        with pytest.raises(RejectedError, match=r"field: \*\*\* is bad, and odd") as caught:
            await connection.request("GET", "/x")
    assert "t0ken-hush" not in f"{caught.value} {vars(caught.value)}"


async def test_the_quota_pauses_and_does_not_drop() -> None:
    calls = 0

    def flaky(request: web.Request) -> web.Response:
        nonlocal calls
        calls += 1
        return answer({}, 500) if calls % 2 else answer({"ok": 1})

    quota = RetryQuota(capacity=20, tokens=20, pause=0.001)
    async with serving(flaky) as service, connected(service, quota=quota) as connection:
        for _ in range(10):
            assert (await connection.request("GET", "/x")).json() == {"ok": 1}
    assert quota.tokens < 14


async def test_the_total_time_of_a_request_is_bounded() -> None:
    policy = RetryPolicy(attempts=100, base_s=0.05, cap_s=0.05, total_s=0.2, draw=lambda low, high: high)
    async with serving(answer({}, 500)) as service, connected(service, retry=policy) as connection:
        with pytest.raises(ServiceError) as caught:
            await connection.request("GET", "/x")
    assert 1 < caught.value.attempts < 10
