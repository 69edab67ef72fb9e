"""The calls on jobs. Knows their paths and their JSON; waiting for one is not its business."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import partial

from asyncclean.api.address import segment
from asyncclean.api.connection import Answer, Connection, Failure
from asyncclean.api.datasets import listed, read_object
from asyncclean.api.models import JOB_STATES, Job, JobRequest, JobState
from asyncclean.errors import NotFoundError, UsageError

FORBIDDEN = frozenset('/\\:*?"<>|')
"""Characters that a job's name must not hold: those invalid in file names, says the guide."""


def _path(name: str) -> str:
    return f"/Job/{segment(name)}"


class Jobs:
    """The service's jobs. ``states``: what its status codes mean."""

    def __init__(self, connection: Connection, states: Mapping[int, JobState] = JOB_STATES) -> None:
        self._connection = connection
        self._states = states

    async def list(
        self,
        *,
        workflow: str | None = None,
        start_date: datetime | date | None = None,
        end_date: datetime | date | None = None,
    ) -> list[Job]:
        """Jobs, the newest first, with the basic details that lists show. Dates bound the submission."""
        given = {
            "workflow": workflow,
            "startDate": None if start_date is None else _stamp(start_date),
            "endDate": None if end_date is None else _stamp(end_date),
        }
        params = {name: value for name, value in given.items() if value is not None}
        return await listed(self._connection, "/Job", params, partial(Job.from_json, states=self._states))

    async def get(self, name: str) -> Job:
        """One job's details. Raises NotFoundError when there is none of this name."""
        path = _path(name)
        answer = await self._connection.request("GET", path)
        job = read_object(answer, Job.from_json, self._states)
        if job is None:
            raise self._connection.garbage("GET", path, "the answer describes no job")
        return job

    async def start(self, request: JobRequest) -> Job:
        """Start a job.

        When the answer to an attempt got lost and the job is then there as it was asked for, it is taken
        as started. Raises RejectedError when one of this name was there before, UsageError when what is
        there differs or the name cannot be one.
        """
        segment(request.name)
        if found := sorted(FORBIDDEN & set(request.name)):
            raise UsageError(
                f"The job's name {request.name!r} holds {' '.join(found)}.",
                hint='Leave out the characters / \\ : * ? " < > |',
            )
        result = await self._connection.send("POST", "/Job", json=request.to_json())
        if isinstance(result, Answer):
            return read_object(result, Job.from_json, self._states) or await self.get(request.name)
        if not result.unsure:
            raise result.error
        try:
            job = await self.get(request.name)
        except NotFoundError:
            raise result.error from None
        if _same(job, request):
            return job
        raise UsageError(
            f"A job named {request.name!r} is there already and is another: {_describe(job)}.",
            hint="Choose another name with --job.",
        ) from result.error

    async def cancel(self, name: str) -> None:
        """Cancel a queued or running job. Raises NotFoundError, or RejectedError when it is over already."""
        result = await self._connection.send("DELETE", _path(name))
        if not isinstance(result, Failure):
            return
        if result.unsure:
            job = await self.get(name)
            if job.state == "cancelled":
                return
        raise result.error


def _same(job: Job, request: JobRequest) -> bool:
    """Whether a job is what was asked for; the service may have added parameters of its own."""
    return (
        job.workflow == request.workflow
        and dict(job.inputs) == dict(request.inputs)
        and all(job.parameters.get(key) == value for key, value in request.parameters.items())
    )


def _describe(job: Job) -> str:
    inputs = ", ".join(f"{key}={name}" for key, name in job.inputs.items())
    return f"workflow {job.workflow!r} on {inputs or 'no inputs'}"


def _stamp(at: datetime | date) -> str:
    """The service's own form of a time; one without a zone is taken as UTC."""
    if not isinstance(at, datetime):
        at = datetime(at.year, at.month, at.day, tzinfo=UTC)
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond:06d}0Z"
