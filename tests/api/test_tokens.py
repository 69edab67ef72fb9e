"""Tokens: one asks for all, ahead of expiry; secrets arrive whole and are shown to nobody."""

from urllib.parse import parse_qs

import anyio
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from asyncclean.api.tokens import Auth, lifetime
from asyncclean.errors import AuthError, UsageError
from tests.api.service import Service, Step, answer, connected, serving

pytestmark = pytest.mark.anyio

SECRET = "a&b+c/d%e=f é"


class TokenService:
    """Gives numbered tokens, and takes the last one only."""

    def __init__(self, life: object = 3600) -> None:
        self.life = life
        self.given = 0
        self.revoked = False

    def __call__(self, request: web.Request) -> web.Response:
        if request.path == "/.well-known/openid-configuration":
            origin = f"http://{request.host}"
            return answer({"issuer": origin, "token_endpoint": f"{origin}/connect/token"})
        if request.path == "/connect/token":
            self.given += 1
            self.revoked = False
            return answer({"access_token": f"token-{self.given}", "expires_in": self.life})
        good = request.headers.get("Authorization") == f"Bearer token-{self.given}" and not self.revoked
        return answer({"ok": 1}) if good else answer({}, 401)

    def auth(self, service: Service) -> Auth:
        return Auth(client_id="me", client_secret=SECRET, token_url=f"{service.url}/connect/token")


async def test_the_secret_arrives_as_it_is_whatever_it_holds() -> None:
    tokens = TokenService()
    async with serving(tokens) as service, connected(service, tokens.auth(service)) as connection:
        await connection.request("GET", "/x")
        form = parse_qs(service.asked[0].body.decode(), strict_parsing=True)
    assert form == {
        "grant_type": ["client_credentials"],
        "client_id": ["me"],
        "client_secret": [SECRET],
        "scope": ["BatchApi"],
    }


async def test_an_issuer_is_enough() -> None:
    tokens = TokenService()
    async with serving(tokens) as service:
        auth = Auth(client_id="me", client_secret=SECRET, issuer=service.url + "/")
        async with connected(service, auth) as connection:
            await connection.request("GET", "/x")
            await connection.request("GET", "/x")
        paths = [asked.path for asked in service.asked]
    assert paths == ["/.well-known/openid-configuration", "/connect/token", "/x", "/x"]


async def test_however_many_wait_one_asks() -> None:
    tokens = TokenService()
    async with serving(tokens) as service, connected(service, tokens.auth(service)) as connection:
        async with anyio.create_task_group() as tasks:
            for _ in range(20):
                tasks.start_soon(connection.request, "GET", "/x")
        assert tokens.given == 1
        tokens.revoked = True
        async with anyio.create_task_group() as tasks:
            for _ in range(20):
                tasks.start_soon(connection.request, "GET", "/x")
        assert tokens.given == 2


async def test_a_token_is_renewed_ahead_of_its_end() -> None:
    now = 1000.0
    tokens = TokenService(life=100)
    async with (
        serving(tokens) as service,
        connected(service, tokens.auth(service), clock=lambda: now) as connection,
    ):
        await connection.request("GET", "/x")
        now = 1089.0
        await connection.request("GET", "/x")
        assert tokens.given == 1
        now = 1091.0
        await connection.request("GET", "/x")
        assert tokens.given == 2
        assert [asked.path for asked in service.asked].count("/x") == 3


async def test_the_one_who_asks_may_be_cancelled() -> None:
    entered = anyio.Event()

    async def slow(request: web.Request) -> web.StreamResponse:
        if request.path == "/connect/token":
            entered.set()
            await anyio.sleep(0.05)
            return answer({"access_token": "t"})
        return answer({"ok": 1})

    async with serving(slow) as service:
        auth = Auth(client_id="me", client_secret="s", token_url=f"{service.url}/connect/token")
        async with connected(service, auth) as connection, anyio.create_task_group() as tasks:
            first = anyio.CancelScope()

            async def ask_first() -> None:
                with first:
                    await connection.request("GET", "/x")

            tasks.start_soon(ask_first)
            await entered.wait()
            tasks.start_soon(connection.request, "GET", "/x")
            await anyio.lowlevel.checkpoint()
            first.cancel()


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (answer({"error": "invalid_client", "error_description": "unknown"}, 400), "invalid_client: unknown"),
        (answer({"error": "invalid_client"}, 401), "invalid_client"),
        (answer({"token": "none"}), "without a token"),
        (answer({"access_token": 5}), "without a token"),
        (answer({"access_token": "a b\n"}), "without a token"),
        (web.Response(body=b"<html>", status=404), "No token"),
    ],
)
async def test_no_token_is_explained(said: web.Response, message: str) -> None:
    async with serving(said) as service:
        auth = Auth(client_id="me", client_secret="hush-hush", token_url=f"{service.url}/token")
        async with connected(service, auth) as connection:
            with pytest.raises(AuthError, match=message) as caught:
                await connection.request("GET", "/x")
    assert "hush-hush" not in str(caught.value)


def published(service: Service, issuer: object, endpoint: str = "/connect/token") -> Step:
    """A discovery document as it may be; all else is as it should be."""
    tokens = TokenService()

    def step(request: web.Request) -> web.Response:
        if not request.path.endswith("/.well-known/openid-configuration"):
            return tokens(request)
        return answer({"issuer": issuer, "token_endpoint": service.url + endpoint})

    return step


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("", ""),
        ("", "/"),
        ("/", ""),
        ("/", "/"),
        ("/tenant", "/tenant"),
        ("/tenant/", "/tenant"),
        ("/tenant", "/tenant/"),
    ],
)
async def test_a_document_is_believed_that_names_the_issuer_up_to_a_slash(given: str, said: str) -> None:
    async with serving() as service:
        service.script = [published(service, service.url + said)]
        auth = Auth(client_id="me", client_secret=SECRET, issuer=service.url + given)
        async with connected(service, auth) as connection:
            await connection.request("GET", "/x")


async def test_an_issuer_s_host_is_the_same_in_capitals() -> None:
    async with serving() as service:
        local = service.url.replace("127.0.0.1", "localhost")
        service.script = [published(service, local)]
        auth = Auth(client_id="me", client_secret=SECRET, issuer=local.replace("localhost", "LOCALHOST"))
        async with connected(service, auth) as connection:
            await connection.request("GET", "/x")


@pytest.mark.parametrize(
    "said",
    ["https://elsewhere.example", "{}//", "{}/tenant", "{}?a=1", "{}#a", "", "no URL", "http://[", None, 5],
)
async def test_a_document_of_another_issuer_gets_no_secret_and_the_error_names_both(said: object) -> None:
    async with serving() as service:
        said = said.format(service.url) if isinstance(said, str) else said
        service.script = [published(service, said)]
        auth = Auth(client_id="me", client_secret="hush-hush", issuer=service.url)
        async with connected(service, auth) as connection:
            with pytest.raises(AuthError) as caught:
                await connection.request("GET", "/x")
        paths = [asked.path for asked in service.asked]
    assert paths == ["/.well-known/openid-configuration"]
    assert f"issuer {service.url!r}" in str(caught.value)
    assert (
        repr(said) in str(caught.value) if isinstance(said, str) else "names no issuer" in str(caught.value)
    )
    assert "ASYNCCLEAN_ISSUER" in caught.value.hint


async def test_an_issuer_cannot_send_the_secret_over_plain_http() -> None:
    async with serving() as service:
        service.script = [answer({"issuer": service.url, "token_endpoint": "http://elsewhere.example/token"})]
        auth = Auth(client_id="me", client_secret="hush", issuer=service.url)
        async with connected(service, auth) as connection:
            with pytest.raises(AuthError, match="plain http"):
                await connection.request("GET", "/x")


@pytest.mark.parametrize(
    "facts",
    [
        {"token": "t", "client_id": "me"},
        {"token": ""},
        {"token": "two words"},
        {"client_id": "me", "token_url": "https://x"},
        {"client_secret": "s", "token_url": "https://x"},
        {"client_id": "me", "client_secret": "s"},
    ],
)
def test_half_of_anything_is_wrong_usage(facts: dict[str, str]) -> None:
    with pytest.raises(UsageError):
        Auth(**facts)


@given(st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.lists(st.integers())))
def test_a_lifetime_is_positive_whatever_is_said(said: object) -> None:
    assert lifetime(said) > 0
