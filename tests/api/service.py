"""A real HTTP server whose answers a test writes down in advance, and which keeps what it was asked."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import web

from asyncclean.api.connection import Connection
from asyncclean.api.retry import RetryPolicy
from asyncclean.api.tokens import Auth

QUICK = RetryPolicy(base_s=0.001, throttled_base_s=0.001, cap_s=0.002, spread_s=0.001)
"""Retries as always, without the waiting."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)


def answer(document: object = None, status: int = 200, **headers: str) -> web.Response:
    """An answer with a JSON body."""
    body = b"" if document is None else orjson.dumps(document)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return web.Response(status=status, body=body, headers=named, content_type="application/json")


def copy_of(response: web.Response) -> web.Response:
    """The same answer: a response can be sent only once."""
    return web.Response(status=response.status, body=response.body, headers=response.headers)


def hang_up(request: web.Request) -> web.Response:
    """Close the connection without an answer, once the whole request is there."""
    assert request.transport is not None
    request.transport.close()
    return web.Response()


Step = web.Response | Callable[[web.Request], web.Response | Awaitable[web.StreamResponse]]


@dataclass(slots=True)
class Service:
    """Answers by ``script``, one step a request; the last one again and again."""

    script: Sequence[Step] = ()
    asked: list[Asked] = field(default_factory=list)
    url: str = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        self.asked.append(
            Asked(request.method, request.path, dict(request.query), dict(request.headers), body)
        )
        step = self.script[min(len(self.asked), len(self.script)) - 1]
        if isinstance(step, web.Response):
            return copy_of(step)
        made = step(request)
        return made if isinstance(made, web.StreamResponse) else await made


@asynccontextmanager
async def serving(*script: Step) -> AsyncIterator[Service]:
    """A service on a free port of this machine."""
    service = Service(script)
    app = web.Application(client_max_size=1 << 30)
    app.router.add_route("*", "/{path:.*}", service.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        service.url = f"http://127.0.0.1:{port}"
        yield service
    finally:
        await runner.cleanup()


@asynccontextmanager
async def connected(service: Service, auth: Auth = Auth(), **options: Any) -> AsyncIterator[Connection]:
    """A connection to the service, without waiting between attempts."""
    async with Connection(service.url, auth=auth, **{"retry": QUICK, **options}) as connection:
        yield connection
