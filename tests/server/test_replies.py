"""Answers to other machines are compressed as they like; those to this one are not."""

import gzip

import aiohttp
import orjson
import pytest
import zstandard

from asyncclean.server import replies
from tests.server.conftest import Api

pytestmark = pytest.mark.anyio


@pytest.fixture
async def output(server: Api) -> str:
    await server.dataset("a", [{"name": "x" * 50}] * 900)
    await server.start("j", "a")
    name: str = (await server.end_of("j"))["outputDatasets"]["Contacts"]
    return f"{server.url}/Dataset/{name}/data?start=1&count=1000"


async def fetch(url: str, accepted: str) -> tuple[str | None, bytes]:
    headers = {"Accept-Encoding": accepted}
    async with (
        aiohttp.ClientSession(auto_decompress=False) as session,
        session.get(url, headers=headers) as answer,
    ):
        assert answer.headers["Vary"] == "Accept-Encoding"
        return answer.headers.get("Content-Encoding"), await answer.read()


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip", "gzip"),
        ("zstd", "zstd"),
        ("br, GZIP;q=0.8, zstd", "zstd"),
        ("gzip;q=0.5, zstd;q=0", "gzip"),
        ("gzip; q=0.0", None),
        ("identity", None),
        ("", None),
    ],
)
async def test_pages_for_other_machines_are_compressed_as_they_ask(
    output: str, monkeypatch: pytest.MonkeyPatch, accepted: str, coding: str | None
) -> None:
    plain_coding, plain = await fetch(output, accepted)
    assert plain_coding is None
    monkeypatch.setattr(replies, "is_loopback", lambda host: False)
    found, body = await fetch(output, accepted)
    assert found == coding
    if found == "gzip":
        body = gzip.decompress(body)
    elif found == "zstd":
        body = zstandard.ZstdDecompressor().decompress(body)
    assert body == plain == orjson.dumps([{"name": "x" * 50}] * 900)
