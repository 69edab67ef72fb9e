"""Tokens: given for the right credentials, in every way that clients send them; needed for every call."""

import base64
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote_plus

import aiohttp
import pytest

from asyncclean.server.auth import LIFETIME_S, Gate
from tests.server.conftest import Answer, Api, api

pytestmark = pytest.mark.anyio

SECRETS = {"engineer": "s3cret&+/% ü:=", "other": "plain"}
GRANT = {"grant_type": "client_credentials", "scope": "BatchApi"}


@pytest.fixture
async def locked(tmp_path: Path) -> AsyncIterator[Api]:
    async with api(tmp_path / "data", workers=1, credentials=SECRETS) as server:
        yield server


async def ask(server: Api, form: dict[str, str], authorization: str | None = None) -> Answer:
    headers = {"Authorization": authorization} if authorization else {}
    return await server.call("POST", "/connect/token", data=form, headers=headers)


def basic(client: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{client}:{secret}".encode()).decode()


async def test_discovery_leads_to_a_token_that_opens_the_api(locked: Api) -> None:
    document = await locked.done("GET", "/.well-known/openid-configuration")
    assert document["issuer"] == locked.url
    assert document["token_endpoint"] == f"{locked.url}/connect/token"
    form = {**GRANT, "client_id": "engineer", "client_secret": SECRETS["engineer"]}
    answer = await ask(locked, form)
    assert answer.headers["Cache-Control"] == "no-store"
    assert (answer.json["token_type"], answer.json["expires_in"]) == ("Bearer", 3600)
    headers = {"Authorization": f"Bearer {answer.json['access_token']}"}
    assert (await locked.call("GET", "/Dataset", headers=headers)).json == []


async def test_the_secret_may_come_in_a_basic_header_encoded_or_not(locked: Api) -> None:
    for client, secret in SECRETS.items():
        assert (await ask(locked, GRANT, basic(quote_plus(client), quote_plus(secret)))).status == 200
        assert (await ask(locked, GRANT, basic(client, secret))).status == 200
    assert (await ask(locked, {"grant_type": "client_credentials"}, basic("other", "plain"))).status == 200


@pytest.mark.parametrize(
    ("change", "authorization", "status", "error"),
    [
        ({"client_secret": "wrong"}, None, 401, "invalid_client"),
        ({"client_id": "nobody"}, None, 401, "invalid_client"),
        ({"client_id": "", "client_secret": ""}, None, 401, "invalid_client"),
        ({}, basic("other", "wrong"), 401, "invalid_client"),
        ({}, "Basic !!!", 401, "invalid_client"),
        ({}, "Digest x", 401, "invalid_client"),
        ({"scope": "Everything"}, None, 400, "invalid_scope"),
        ({"grant_type": "password"}, None, 400, "unsupported_grant_type"),
    ],
)
async def test_what_is_not_right_gets_no_token(
    locked: Api, change: dict[str, str], authorization: str | None, status: int, error: str
) -> None:
    form = {**GRANT, "client_id": "other", "client_secret": "plain", **change}
    answer = await ask(locked, form, authorization)
    assert (answer.status, answer.json["error"]) == (status, error)
    assert "plain" not in answer.body.decode()


async def test_a_request_for_a_token_must_be_a_small_form(locked: Api) -> None:
    assert (await locked.call("POST", "/connect/token", {"grant_type": "client_credentials"})).status == 415
    assert (await ask(locked, {**GRANT, "client_id": "x" * 20_000})).status == 413
    many = {f"f{number}": "x" for number in range(50)}
    assert (await ask(locked, many)).json["error"] == "invalid_request"


async def test_every_call_needs_a_token_but_those_that_tell_what_this_is(locked: Api) -> None:
    token = (await ask(locked, GRANT, basic("other", "plain"))).json["access_token"]
    refused = [
        "",
        "Bearer",
        "Bearer x",
        f"Bearer {token}x",
        f"Basic {token}",
        f"Bearer x{token}",
        "Bearer .",
        "Bearer é",
    ]
    for authorization in refused:
        for method, path in [
            ("GET", "/Dataset"),
            ("PATCH", "/Dataset/a/data"),
            ("POST", "/Job"),
            ("GET", "/no"),
        ]:
            answer = await locked.call(method, path, headers={"Authorization": authorization})
            assert answer.status == 401, authorization
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")
            assert answer.headers["Content-Type"] == "application/problem+json"
    for path in ("/", "/healthz", "/openapi.json", "/.well-known/openid-configuration"):
        assert (await locked.call("GET", path)).status == 200
    headers = {"Authorization": f"bearer {token}"}
    assert (await locked.call("GET", "/no", headers=headers)).status == 404


async def test_a_token_outlives_a_restart_but_not_its_secret(tmp_path: Path) -> None:
    async with api(tmp_path / "data", workers=1, credentials=SECRETS) as server:
        token = (await ask(server, GRANT, basic("other", "plain"))).json["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    async with api(tmp_path / "data", workers=1, credentials=SECRETS) as server:
        assert (await server.call("GET", "/Dataset", headers=headers)).status == 200
    for changed in ({**SECRETS, "other": "new"}, {"engineer": SECRETS["engineer"]}):
        async with api(tmp_path / "data", workers=1, credentials=changed) as server:
            assert (await server.call("GET", "/Dataset", headers=headers)).status == 401
    async with api(tmp_path / "elsewhere", workers=1, credentials=SECRETS) as server:
        assert (await server.call("GET", "/Dataset", headers=headers)).status == 401


def test_a_token_ends_after_its_time() -> None:
    now = [1000.0]
    gate = Gate({"a": "b"}, key=b"k" * 32, clock=lambda: now[0])
    token = gate.token("a")
    now[0] += LIFETIME_S - 1
    assert gate.admits(token)
    now[0] += 1
    assert not gate.admits(token)


def test_secrets_do_not_show() -> None:
    assert "b3" not in repr(Gate({"a": "b3"}, key=b"k3"))


async def test_a_server_without_credentials_gives_no_tokens(server: Api) -> None:
    assert (await ask(server, GRANT, basic("a", "b"))).status == 404
    assert (await server.call("GET", "/.well-known/openid-configuration")).status == 404
    headers = {"Authorization": "Bearer whatever"}
    assert (await server.call("GET", "/Dataset", headers=headers)).status == 200


async def test_a_locked_server_may_be_reached_under_any_name(locked: Api) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{locked.url}/healthz", headers={"Host": "cleansing.example:8443"}) as response,
    ):
        assert response.status == 200
