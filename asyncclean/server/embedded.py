"""Runs the server in this process, on this event loop. Knows addresses and who may bind to which."""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
from aiohttp import web

from asyncclean.errors import UsageError
from asyncclean.server.app import create_app
from asyncclean.server.bodies import MAX_BODY
from asyncclean.server.connections import Connections
from asyncclean.server.replies import is_loopback

BACKLOG = 512
"""Connections that the system holds for us until we take them."""

SHUTDOWN_S = 5.0
"""How long requests under way may take to end when the server stops."""


@asynccontextmanager
async def running(
    data: Path,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    credentials: Mapping[str, str] | None = None,
    workers: int | None = None,
    max_body: int = MAX_BODY,
) -> AsyncIterator[str]:
    """Serve while inside; gives the base URL. ``port`` 0: any that is free. The rest as in `create_app`.

    Raises UsageError when the address is not loopback and there are no credentials, or cannot be bound,
    and what starting the application raises.
    """
    listener = await _bind(host, port, open_to_all=not credentials)
    runner = web.AppRunner(
        create_app(data, credentials=credentials, workers=workers, max_body=max_body),
        shutdown_timeout=SHUTDOWN_S,
    )
    try:
        await runner.setup()
        assert runner.server is not None
        loop = asyncio.get_running_loop()
        server = await loop.create_server(Connections(runner.server), sock=listener, backlog=BACKLOG)
        try:
            yield _url(host, listener.getsockname()[1])
        finally:
            server.close()
    finally:
        with anyio.CancelScope(shield=True):
            await runner.cleanup()
        listener.close()


async def _bind(host: str, port: int, *, open_to_all: bool) -> socket.socket:
    try:
        found = await anyio.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise UsageError(f"The host {host!r} is not known: {error.strerror}.", hint=_ANOTHER) from error
    # One name, one socket: with port 0, several would not share a port. IPv4 first, as "localhost" means.
    family, *_, address = min(found, key=lambda entry: entry[0] != socket.AF_INET)
    if open_to_all and not is_loopback(str(address[0]).partition("%")[0]):
        raise UsageError(
            f"{host} can be reached from other machines, and no credentials are set.",
            hint="Bind to 127.0.0.1, or start the server with a client id and secret.",
        )
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        raise UsageError(f"{host}, port {port} cannot be bound: {error.strerror}.", hint=_ANOTHER) from error
    return listener


_ANOTHER = "Choose another --host or --port."


def _url(host: str, port: int) -> str:
    everywhere = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104
    host = everywhere.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
