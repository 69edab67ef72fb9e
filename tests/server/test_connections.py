"""Connections: those that stall, flood or do not speak HTTP are dealt with; others are served meanwhile."""

import asyncio
import json
import select
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import anyio
import pytest

from asyncclean.server import connections
from tests.server.conftest import Api, api

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def raw(server: Api) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    host, _, port = server.url.removeprefix("http://").rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        yield reader, writer
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nHost: loc"], ids=["nothing", "a part of a head"])
async def test_a_head_that_does_not_come_ends_the_connection(
    server: Api, monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    monkeypatch.setattr(connections, "HEAD_S", 0.05)
    async with raw(server) as (reader, writer):
        writer.write(sent)
        assert await reader.read() == b""


async def test_a_drip_of_headers_does_not_keep_a_connection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "HEAD_S", 0.1)
    async with api(tmp_path / "data", workers=1) as server, raw(server) as (reader, writer):
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b"200 OK" in await reader.readuntil(b"\r\n")
        await reader.readuntil(b'"ok"}')
        writer.write(b"GET /healthz HTTP/1.1\r\n")
        with pytest.raises(ConnectionError):
            await _drip(writer)
        assert (await server.call("GET", "/healthz")).status == 200


async def _drip(writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"X: y\r\n")
        await writer.drain()
        await anyio.sleep(0.005)


@pytest.mark.parametrize(
    "sent",
    [
        b"NONSENSE\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 a TLS hello",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /" + b"x" * 20_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"y" * 20_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: y\r\n" * 5_000 + b"\r\n",
        b"PATCH /Dataset/a/data HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
    ],
    ids=["nonsense", "tls", "version", "long line", "long header", "many headers", "length", "both"],
)
async def test_what_is_no_request_is_refused_as_a_problem(server: Api, sent: bytes) -> None:
    async with raw(server) as (reader, writer):
        writer.write(sent)
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    assert head.split(maxsplit=2)[1] == b"400"
    assert b"application/problem+json" in head
    assert json.loads(body)["status"] == 400


async def test_a_broken_chunk_is_refused_and_nothing_kept(server: Api) -> None:
    await server.done("POST", "/Dataset", {"name": "a", "columns": {"x": 0}})
    async with raw(server) as (reader, writer):
        writer.write(
            b"PATCH /Dataset/a/data HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
            b'1c\r\n{"blockNumber":1,"records":[\r\nzz\r\n'
        )
        answer = await reader.read()
    assert answer.split(maxsplit=2)[1] == b"400"
    assert b"application/problem+json" in answer
    assert (await server.done("GET", "/Dataset/a"))["recordCount"] == 0


PATCH = b"PATCH /Dataset/a/data HTTP/1.1\r\nHost: localhost\r\n"
LEAVES: dict[str, bytes] = {
    "before a head": b"",
    "in a head": b"GET /heal",
    "before a body": PATCH + b"Content-Length: 100\r\n\r\n",
    "in a body": PATCH + b'Content-Length: 100\r\n\r\n{"blockNumber":1,"records":[{}',
    "in a chunk": PATCH + b'Transfer-Encoding: chunked\r\n\r\n1c\r\n{"blockNumber":1,"rec',
    "after a chunk": PATCH + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n",
    "in a packed body": PATCH + b"Content-Encoding: gzip\r\nContent-Length: 100\r\n\r\n\x1f\x8b",
    "in a body that nobody reads": b"DELETE /Job/b HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{",
    "in a body that is refused": b"POST /no HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{",
    "in an answer": b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n" * 50,
}


@pytest.mark.parametrize("reset", [False, True], ids=["closed", "reset"])
@pytest.mark.parametrize("sent", LEAVES.values(), ids=LEAVES)
async def test_a_client_that_leaves_leaves_nothing_and_is_not_spoken_of(
    server: Api, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str], sent: bytes, reset: bool
) -> None:
    await server.done("POST", "/Dataset", {"name": "a", "columns": {"x": 0}})
    host, _, port = server.url.removeprefix("http://").rpartition(":")
    with socket.create_connection((host, int(port))) as client:
        client.sendall(sent)
        # By then its request is at work, or on its way out.
        assert (await server.call("GET", "/healthz")).status == 200
        if reset:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    # The server hears of the end before this request, and has dealt with it when all is quiet again.
    assert (await server.done("GET", "/Dataset/a"))["recordCount"] == 0
    await anyio.wait_all_tasks_blocked()
    assert [record.getMessage() for record in caplog.records] == []
    assert capfd.readouterr() == ("", "")


async def test_more_connections_than_it_takes_are_told_to_come_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "MAX_CONNECTIONS", 3)
    async with api(tmp_path / "data", workers=1) as server:
        async with raw(server), raw(server), raw(server), raw(server) as (reader, _):
            answer = await reader.read()
        assert answer.startswith(b"HTTP/1.1 503")
        assert b"Retry-After: 1" in answer
        assert (await server.call("GET", "/healthz")).status == 200


async def test_a_client_that_does_not_read_its_answer_is_given_up(
    server: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "ANSWER_S", 0.05)
    monkeypatch.setattr(connections, "SLOWEST", 1 << 30)
    await server.dataset("a", *[[{"name": "x" * 8_000}] * 100] * 10)
    await server.start("j", "a")
    output = (await server.end_of("j"))["outputDatasets"]["Contacts"]
    query = f"GET /Dataset/{output}/data?start=1&count=1000 HTTP/1.1\r\nHost: localhost\r\n\r\n"
    host, _, port = server.url.removeprefix("http://").rpartition(":")
    with socket.create_connection((host, int(port))) as client:
        client.sendall(query.encode() * 3)
        closed = select.poll()
        closed.register(client, 0)
        assert await anyio.to_thread.run_sync(closed.poll, 20_000)
    assert len(await server.records(output)) == 1000


async def test_it_stops_at_once_though_clients_keep_their_connections(tmp_path: Path) -> None:
    async with api(tmp_path / "data", workers=1) as server, raw(server) as (reader, writer):
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await reader.readuntil(b'"ok"}')
