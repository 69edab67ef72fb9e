"""The calls on jobs. Knows paths and JSON; what is kept lives in `job_rows`, what runs in `jobs`."""

from functools import partial
from typing import Any
from urllib.parse import quote

import anyio.to_thread
from aiohttp import web

from asyncclean.server import job_rows
from asyncclean.server.block import json_object
from asyncclean.server.bodies import MAX_SMALL_BODY, Bodies
from asyncclean.server.job_rows import JobRow, NewJob
from asyncclean.server.jobs import Jobs
from asyncclean.server.names import job_name_fault
from asyncclean.server.problems import Problem, invalid
from asyncclean.server.query import moment, page_number
from asyncclean.server.replies import json_reply
from asyncclean.server.store import Store
from asyncclean.workflows.base import WorkflowError
from asyncclean.workflows.registry import find

_PATH = "/Job/{name:[^/]+}"  # braces too may be in a name; aiohttp leaves those out by default

MAX_FILENAME = 4096
"""Longest inputFilename: what a path can be."""


class JobRoutes:
    """The calls on jobs."""

    def __init__(self, store: Store, bodies: Bodies, jobs: Jobs) -> None:
        self._store = store
        self._bodies = bodies
        self._jobs = jobs

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/Job", self.list, allow_head=False),
            web.post("/Job", self.start),
            web.get(_PATH, self.show, allow_head=False),
            web.delete(_PATH, self.cancel),
        ]

    async def list(self, request: web.Request) -> web.Response:
        listed = partial(
            job_rows.listed,
            page=page_number(request),
            workflow=request.query.get("workflow"),
            start=moment(request, "startDate"),
            end=moment(request, "endDate", end=True),
        )
        return json_reply([self._summary(job) for job in await self._store.read(listed)])

    async def start(self, request: web.Request) -> web.Response:
        async with self._bodies.read(request, MAX_SMALL_BODY) as body:
            job = _new_job(json_object(body.decoded()))
        await anyio.to_thread.run_sync(_check_workflow, job)
        created = await self._store.write(partial(job_rows.create, job=job))
        self._jobs.wake()
        return json_reply(created.as_dict(), status=201, location=_location(created))

    async def show(self, request: web.Request) -> web.Response:
        job = await self._store.read(partial(job_rows.get, name=request.match_info["name"]))
        return json_reply(self._details(job))

    async def cancel(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        job = await self._store.read(partial(job_rows.get, name=name))
        progress = self._jobs.progress(job.id)
        percent = progress.percent if progress else 0.0
        job = await self._store.write(partial(job_rows.cancel, name=name, percent=percent))
        self._jobs.stop(job.id)
        return json_reply(job.as_dict())

    def _details(self, job: JobRow) -> dict[str, Any]:
        job = self._jobs.now(job)
        progress = self._jobs.progress(job.id)
        return job.as_dict(progress.percent, progress.finish) if progress else job.as_dict()

    def _summary(self, job: JobRow) -> dict[str, Any]:
        details = self._details(job)
        basic = ("name", "workflowName", "submittedAt", "completedAt", "status", "percentComplete")
        return {name: details[name] for name in basic} | {"location": _location(job)}


def _location(job: JobRow) -> str:
    return f"/Job/{quote(job.name, safe='')}"


def _new_job(asked: dict[str, Any]) -> NewJob:
    """The job asked for. Raises Problem (400) that names each fault."""
    errors: dict[str, list[str]] = {}
    name, workflow = asked.get("name"), asked.get("workflowName")
    if not isinstance(name, str):
        errors["name"] = ["must be text"]
    elif fault := job_name_fault(name):
        errors["name"] = [fault]
    if not isinstance(workflow, str):
        errors["workflowName"] = ["must be text"]
    inputs = _texts(asked, "inputDatasets", errors)
    parameters = _texts(asked, "parameters", errors)
    filename = asked.get("inputFilename")
    if filename is None:
        filename = ""
    if not isinstance(filename, str) or len(filename) > MAX_FILENAME:
        errors["inputFilename"] = [f"must be text of at most {MAX_FILENAME:,} characters"]
    if errors:
        raise Problem(400, "The job is not valid.", title="The request is not valid", errors=errors)
    assert isinstance(name, str)
    assert isinstance(workflow, str)
    return NewJob(name, workflow, inputs, parameters, filename)


def _texts(asked: dict[str, Any], field: str, errors: dict[str, list[str]]) -> dict[str, str]:
    given = asked.get(field)
    if given is None:
        return {}
    if not isinstance(given, dict):
        errors[field] = ["must be an object of texts"]
        return {}
    for key, value in given.items():
        if not isinstance(value, str):
            errors[f"{field}.{key[:200]}"] = ["must be text"]
    return given


def _check_workflow(job: NewJob) -> None:
    """Blocking: imports the workflow. Raises Problem (400)."""
    try:
        wanted = find(job.workflow).inputs
    except WorkflowError as error:
        raise invalid("workflowName", str(error).rstrip(".")) from None
    except ImportError as error:
        needs = f"needs {error.name}, which is not installed here: pip install 'asyncclean[local]'"
        raise invalid("workflowName", f"{job.workflow} {needs}") from error
    errors = {f"inputDatasets.{key}": [f"{job.workflow} needs it"] for key in wanted if key not in job.inputs}
    for key in job.inputs:
        if key not in wanted:
            errors[f"inputDatasets.{key[:200]}"] = [
                f"{job.workflow} has no such input, only {', '.join(wanted)}"
            ]
    if errors:
        detail = f"The inputs are not those of {job.workflow}."
        raise Problem(400, detail, title="The request is not valid", errors=errors)
