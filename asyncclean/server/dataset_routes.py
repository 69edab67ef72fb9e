"""The calls on datasets. Knows paths and JSON; what is kept lives in `dataset_rows`."""

import sqlite3
from collections.abc import Callable
from functools import partial
from typing import Any

import anyio
from aiohttp import web

from asyncclean.api.models import CODE_KINDS
from asyncclean.kinds import ColumnKind
from asyncclean.server import dataset_rows
from asyncclean.server.block import json_object, read_block
from asyncclean.server.bodies import MAX_SMALL_BODY, Bodies, Body
from asyncclean.server.lines import PAGE
from asyncclean.server.names import name_fault
from asyncclean.server.problems import Problem, invalid
from asyncclean.server.query import flag, page_number, whole
from asyncclean.server.replies import json_reply, packed_reply
from asyncclean.server.store import Store

_PATH = "/Dataset/{name:[^/]+}"
_DATA_PATH = _PATH + "/data"

MAX_COLUMNS = 4096
"""Most columns of a dataset."""

MAX_COUNT = 2**53
"""Highest record count and start: what every JSON reader holds exactly."""


class DatasetRoutes:
    """``checking``: how many blocks are checked at once; each needs a processor for 1 to 2 ms."""

    def __init__(self, store: Store, bodies: Bodies, checking: anyio.CapacityLimiter) -> None:
        self._store = store
        self._bodies = bodies
        self._checking = checking

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/Dataset", self.list, allow_head=False),
            web.post("/Dataset", self.create),
            web.get(_PATH, self.show, allow_head=False),
            web.put(_PATH, self.complete),
            web.delete(_PATH, self.delete),
            web.patch(_DATA_PATH, self.put_block),
            web.get(_DATA_PATH, self.records, allow_head=False),
        ]

    async def list(self, request: web.Request) -> web.Response:
        page = page_number(request)
        inputs, outputs = flag(request, "includeInputs", True), flag(request, "includeOutputs", True)
        rows = await self._store.read(partial(dataset_rows.listed, page=page, inputs=inputs, outputs=outputs))
        return json_reply(
            [{"name": name, "input": input_, "location": f"/Dataset/{name}"} for name, input_ in rows]
        )

    async def create(self, request: web.Request) -> web.Response:
        async with self._bodies.read(request, MAX_SMALL_BODY) as body:
            asked = json_object(body.decoded())
        name = asked.get("name")
        if not isinstance(name, str):
            raise invalid("name", "must be text")
        if fault := name_fault(name):
            raise invalid("name", fault)
        kinds = _kinds(asked.get("columns"))
        dataset = await self._store.write(partial(dataset_rows.create, name=name, kinds=kinds))
        return json_reply(dataset.as_dict(), status=201, location=f"/Dataset/{name}")

    async def show(self, request: web.Request) -> web.Response:
        dataset = await self._store.read(partial(dataset_rows.get, name=request.match_info["name"]))
        return json_reply(dataset.as_dict())

    async def complete(self, request: web.Request) -> web.Response:
        async with self._bodies.read(request, MAX_SMALL_BODY) as body:
            asked = json_object(body.decoded())
        count = asked.get("recordCount")
        if type(count) is not int or not 0 <= count <= MAX_COUNT:
            raise invalid("recordCount", "must be a whole number, 0 or more")
        if asked.get("completed") is not True:
            raise invalid("completed", "must be true: a dataset can only be completed")
        name = request.match_info["name"]
        dataset = await self._store.write(partial(dataset_rows.complete, name=name, record_count=count))
        return json_reply(dataset.as_dict())

    async def delete(self, request: web.Request) -> web.Response:
        await self._store.write(partial(dataset_rows.delete, name=request.match_info["name"]))
        return web.Response(status=204)

    async def put_block(self, request: web.Request) -> web.Response:
        async with self._bodies.read(request) as body:
            prepare = partial(_prepare, name=request.match_info["name"], body=body)
            await self._store.prepare_and_write(prepare, self._checking)
        return web.Response(status=204)

    async def records(self, request: web.Request) -> web.Response:
        start = whole(request, "start", None, 1, MAX_COUNT)
        count = whole(request, "count", None, 1, PAGE)
        name = request.match_info["name"]
        read = partial(dataset_rows.read_records, name=name, start=start, count=count)
        return await packed_reply(request, await self._store.read(read))


def _kinds(columns: Any) -> dict[str, ColumnKind]:
    """The columns asked for. Raises Problem (400) that names each fault."""
    if not isinstance(columns, dict):
        raise invalid("columns", "must be an object of type codes by column name")
    if not 1 <= len(columns) <= MAX_COLUMNS:
        raise invalid("columns", f"must be 1 to {MAX_COLUMNS:,} columns; there are {len(columns):,}")
    codes = ", ".join(f"{code} ({kind})" for code, kind in CODE_KINDS.items())
    errors: dict[str, list[str]] = {}
    for name, code in columns.items():
        field = f"columns.{name[:200]}"
        if fault := name_fault(name):
            errors.setdefault(field, []).append(fault)
        if type(code) is not int or code not in CODE_KINDS:
            errors.setdefault(field, []).append(f"must be one of {codes}")
    if errors:
        raise Problem(400, "The columns are not valid.", title="The request is not valid", errors=errors)
    return {name: CODE_KINDS[code] for name, code in columns.items()}


def _prepare(db: sqlite3.Connection, name: str, body: Body) -> Callable[[sqlite3.Connection], None]:
    """In a thread: the block, checked and packed, and how it is kept."""
    dataset = dataset_rows.get(db, name)
    dataset_rows.check_open(dataset)
    block = read_block(body.decoded(), dataset.kinds)
    return partial(dataset_rows.put_block, name=name, block=block)
