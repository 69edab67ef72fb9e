"""Serving in process: where it may listen, whom it serves, what it says to what it does not know."""

import socket
from importlib import resources
from pathlib import Path
from typing import Any

import orjson
import pytest
from blockbuster import BlockBuster

from asyncclean.errors import UsageError
from asyncclean.server.app import create_app
from asyncclean.server.embedded import running
from tests.server.conftest import COLUMNS, Api, api

pytestmark = pytest.mark.anyio


async def test_without_credentials_it_listens_to_its_own_machine_only(tmp_path: Path) -> None:
    for host in ("0.0.0.0", "::", "192.0.2.1"):
        with pytest.raises(UsageError, match="credentials") as caught:
            async with running(tmp_path / "data", host=host):
                pass
        assert caught.value.exit_status == 2
    assert not (tmp_path / "data").exists()
    for host, url in [("localhost", "http://localhost:"), ("127.0.0.2", "http://127.0.0.2:")]:
        async with api(tmp_path / "data", host=host, workers=1) as server:
            assert server.url.startswith(url)
            assert (await server.call("GET", "/healthz")).status == 200


async def test_with_credentials_it_may_listen_to_all(tmp_path: Path) -> None:
    async with api(tmp_path / "data", host="0.0.0.0", credentials={"a": "b"}, workers=1) as server:
        assert (await server.call("GET", "/healthz")).status == 200


async def test_an_address_that_cannot_be_bound_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=f"port {port}"):
            async with running(tmp_path / "data", port=port):
                pass
    with pytest.raises(UsageError, match=r"no\.such\.host\.invalid"):
        async with running(tmp_path / "data", host="no.such.host.invalid"):
            pass


async def test_an_open_server_does_not_serve_web_pages_or_other_names(server: Api) -> None:
    port = server.url.rpartition(":")[2]
    for host in (
        "evil.example",
        f"evil.example:{port}",
        "127.0.0.1.evil.example",
        "[::1",
        "localhost.",
        "8.8.8.8",
    ):
        answer = await server.call("GET", "/Dataset", headers={"Host": host})
        assert answer.status == 421, host
        assert answer.headers["Content-Type"] == "application/problem+json"
    for host in (f"localhost:{port}", "127.0.0.1", "[::1]:80", "LOCALHOST"):
        assert (await server.call("GET", "/Dataset", headers={"Host": host})).status == 200
    for origin in ("https://evil.example", "null", f"http://localhost:{port}"):
        answer = await server.call("POST", "/Dataset", {}, headers={"Origin": origin})
        assert answer.status == 403, origin
    assert (await server.call("GET", "/Dataset", headers={"Origin": server.url})).status == 200


def test_the_document_describes_every_path_and_method_and_no_other(tmp_path: Path) -> None:
    document = orjson.loads(resources.files("asyncclean.server").joinpath("openapi.json").read_bytes())
    described = {
        (method.upper(), path)
        for path, operations in document["paths"].items()
        for method in operations
        if method != "parameters"
    }
    routes = create_app(tmp_path / "data").router.routes()
    assert described == {(route.method, route.resource.canonical) for route in routes if route.resource}


async def test_what_is_unknown_is_a_problem_of_the_same_form(server: Api) -> None:
    for method, path, status in [
        ("GET", "/", 200),
        ("GET", "/nothing", 404),
        ("GET", "/Dataset/a/b/c", 404),
        ("GET", "/dataset", 404),
        ("PUT", "/Dataset", 405),
        ("POST", "/Job/x", 405),
        ("HEAD", "/Dataset", 405),
        ("OPTIONS", "/Dataset", 405),
        ("POST", "/Dataset", 415),
    ]:
        answer = await server.call(method, path)
        assert answer.status == status, (method, path)
        if status >= 400:
            assert answer.headers["Content-Type"] == "application/problem+json"
            if method != "HEAD":
                assert answer.json["status"] == status
                assert answer.json["title"]
                assert answer.json["instance"] == path
        if status == 405:
            assert answer.headers["Allow"]


async def test_a_failure_of_the_server_shows_nothing_of_its_inside(
    server: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any, **__: Any) -> None:
        raise RuntimeError("secret inner workings")

    monkeypatch.setattr("asyncclean.server.dataset_rows.get", fails)
    answer = await server.call("GET", "/Dataset/a")
    assert answer.status == 500
    assert b"secret" not in answer.body
    assert b"Traceback" not in answer.body


async def test_nothing_blocks_the_event_loop(server: Api) -> None:
    blockbuster = BlockBuster("asyncclean")
    blockbuster.activate()
    try:
        await server.dataset("a", [{"name": "x"}] * 500, [{"age": 1}], [{}], [{}], columns=COLUMNS)
        for name in ("PassThrough", "ContactCleanse"):
            await server.start(name, "a", name)
            job = await server.end_of(name)
        await server.done("GET", "/Job")
        await server.done("GET", "/Dataset")
        for output in job["outputDatasets"].values():
            await server.records(output)
            await server.done("DELETE", f"/Dataset/{output}")
    finally:
        blockbuster.deactivate()
