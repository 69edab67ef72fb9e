"""Takes queued jobs, oldest first, and sees each to its end. Knows the life of a job; knows no HTTP.

How a job's records are worked on is in `job_run`. A job that was interrupted starts again from nothing.
While the store cannot be written, as when the disk is full, jobs fail at once; that is kept once it can be.
"""

import logging
from dataclasses import dataclass
from functools import partial

import anyio

from asyncclean.errors import MissingExtraError
from asyncclean.server import job_rows
from asyncclean.server.job_rows import JobRow
from asyncclean.server.job_run import Progress, Run
from asyncclean.server.problems import Problem
from asyncclean.server.store import Store
from asyncclean.server.workers import WorkerDied, Workers, WorkflowCrashed
from asyncclean.workflows.base import WorkflowError

log = logging.getLogger("asyncclean.server")


PAUSE_S = 5.0
"""How long to wait after the store could not be written, as when the disk is full."""


@dataclass(frozen=True, slots=True)
class Failure:
    """That a job failed, where it is not in the store yet. ``at``: microseconds since 1970."""

    reason: str
    percent: float
    at: int


class Jobs:
    """What runs the jobs of one store: ``at_once`` jobs share the workers."""

    def __init__(self, store: Store, workers: Workers, *, at_once: int) -> None:
        self._store = store
        self._workers = workers
        self._at_once = at_once
        self._news = anyio.Event()
        self._running: dict[int, tuple[Progress, anyio.CancelScope]] = {}
        self._failures: dict[int, Failure] = {}

    async def run(self) -> None:
        """Run jobs until cancelled; those under way then start again when this is called anew."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._workers.end_idle_ones)
            for _ in range(self._at_once):
                tasks.start_soon(self._run_one_after_the_other)

    def wake(self) -> None:
        """There is a new job."""
        news, self._news = self._news, anyio.Event()
        news.set()

    def now(self, job: JobRow) -> JobRow:
        """A job as it is, where the store does not know yet that it failed."""
        failure = self._failures.get(job.id)
        if failure is None or job.completed is not None:
            return job
        return job_rows.failed(job, failure.reason, failure.percent, failure.at)

    def progress(self, job: int) -> Progress | None:
        """How far a job is, while it runs."""
        running = self._running.get(job)
        return running[0] if running else None

    def stop(self, job: int) -> None:
        """Stop working on a job, if it runs; what is kept of it has been dealt with."""
        if running := self._running.get(job):
            running[1].cancel()

    async def _run_one_after_the_other(self) -> None:
        while True:
            try:
                await self._run_next()
            except Exception:
                # Nobody is there to be told, and the jobs that come after are to run nevertheless.
                log.exception("The jobs cannot go on for now")
                await anyio.sleep(PAUSE_S)

    async def _run_next(self) -> None:
        """The oldest queued job, or the wait for one."""
        news = self._news
        try:
            await self._keep_failures()
            job = await self._store.write(job_rows.take)
        except Problem as problem:
            await self._fail_all_queued(str(problem))
            await anyio.sleep(PAUSE_S)
            return
        if job is None:
            await news.wait()
            return
        with anyio.CancelScope() as scope:
            self._running[job.id] = (Progress(job_rows.now()), scope)
            try:
                await self._run_one(job)
            finally:
                del self._running[job.id]

    async def _run_one(self, job: JobRow) -> None:
        """Run a job to its end, good or bad. Only cancellation comes out of here."""
        progress = self._running[job.id][0]
        try:
            await Run(job, progress, self._store, self._workers).perform()
        except Exception as error:
            reason = _reason(error)
            if reason is None:
                log.exception("The job %r failed", job.name)
                reason = f"The server failed over it: {type(error).__name__}; its log says why."
            self._failures[job.id] = Failure(reason, progress.percent, job_rows.now())

    async def _fail_all_queued(self, reason: str) -> None:
        """Nobody is to wait for what cannot begin."""
        for job in await self._store.read(job_rows.queued):
            self._failures.setdefault(job, Failure(reason, 0.0, job_rows.now()))

    async def _keep_failures(self) -> None:
        """Write down which jobs failed. Raises Problem while that cannot be."""
        for job, failure in list(self._failures.items()):
            fail = partial(job_rows.fail, reason=failure.reason, percent=failure.percent, at=failure.at)
            await self._store.write(partial(fail, job=job))
            self._failures.pop(job, None)


def _reason(error: BaseException) -> str | None:
    """Why a job failed, in its own words, if it is not the server's fault."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, WorkflowError | Problem | MissingExtraError):
        return str(error)
    if isinstance(error, WorkerDied | WorkflowCrashed):
        return f"{error}."
    return None
