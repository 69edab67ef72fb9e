"""Puts the parts of the server together into one aiohttp application. Knows all of them."""

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from importlib import metadata, resources
from pathlib import Path

import anyio
import anyio.to_thread
from aiohttp import web

from asyncclean.server import auth, dataset_rows, job_rows
from asyncclean.server.auth import Gate
from asyncclean.server.bodies import JSON, MAX_BODY, Bodies
from asyncclean.server.connections import watched
from asyncclean.server.dataset_routes import DatasetRoutes
from asyncclean.server.job_routes import JobRoutes
from asyncclean.server.jobs import Jobs
from asyncclean.server.origin import only_from_here
from asyncclean.server.problems import problems
from asyncclean.server.replies import json_reply
from asyncclean.server.store import Store
from asyncclean.server.workers import Workers

DOCUMENT_PATH = "/openapi.json"
PUBLIC = frozenset({"/", "/healthz", DOCUMENT_PATH, auth.TOKEN_PATH, auth.DISCOVERY_PATH})
"""Paths that need no token."""


def create_app(
    data: Path,
    *,
    credentials: Mapping[str, str] | None = None,
    workers: int | None = None,
    max_body: int = MAX_BODY,
) -> web.Application:
    """The server as an application, over the data directory ``data`` (made when it is not there).

    With ``credentials`` (secrets by client id) every call of the API needs a token. Without, whoever reaches
    it may do everything: bind it to a loopback address only, as `embedded.running` does; requests that name
    another host, or come from another site's page, are refused. ``workers``: processes for jobs, default one
    a processor. ``max_body``: most bytes of a request body.

    Starting it raises UsageError when the directory is another's or in use, InputError when what is in it is
    damaged, OutputError when it cannot be written.
    """
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    store = Store(data, tidy=dataset_rows.tidy)
    pool = Workers(workers or processors)
    jobs = Jobs(store, pool, at_once=max(2, pool.size))
    bodies = Bodies(max_body=max_body, in_flight=4 * max_body)
    gate = Gate(credentials or {})
    guard = auth.guard(gate, PUBLIC) if credentials else only_from_here
    # Bodies are decompressed within bounds, and off the event loop: by `Bodies`, not by aiohttp.
    app = web.Application(middlewares=[watched, problems, guard], handler_args={"auto_decompress": False})
    app.add_routes(_about())
    app.add_routes(DatasetRoutes(store, bodies, anyio.CapacityLimiter(max(2, processors))).routes())
    app.add_routes(JobRoutes(store, bodies, jobs).routes())
    app.add_routes(auth.routes(gate, bodies))

    async def keep(app: web.Application) -> AsyncIterator[None]:
        await store.open()
        try:
            gate.key = await store.read(_token_key)
            await store.write(job_rows.recover)
            # aiohttp starts and stops an application in whatever task it likes: a task group's scope must
            # be within one task, so it gets one of its own.
            running = asyncio.create_task(jobs.run(), name="asyncclean jobs")
            try:
                yield
            finally:
                running.cancel()
                with suppress(asyncio.CancelledError):
                    await running
                await pool.close()
        finally:
            await store.close()

    app.cleanup_ctx.append(keep)
    return app


def _token_key(db: sqlite3.Connection) -> bytes:
    key: bytes = db.execute("SELECT value FROM facts WHERE name = 'token key'").fetchone()[0]
    return key


def _about() -> list[web.RouteDef]:
    """What the server says of itself."""
    document = resources.files("asyncclean.server").joinpath("openapi.json").read_bytes()
    version = metadata.version("asyncclean")

    async def root(_: web.Request) -> web.Response:
        return json_reply({"name": "asyncclean", "version": version, "documentation": DOCUMENT_PATH})

    async def health(_: web.Request) -> web.Response:
        return json_reply({"status": "ok"})

    async def openapi(_: web.Request) -> web.Response:
        return web.Response(body=document, content_type=JSON)

    return [
        web.get("/", root, allow_head=False),
        web.get("/healthz", health, allow_head=False),
        web.get(DOCUMENT_PATH, openapi, allow_head=False),
    ]
