"""Has one job run over datasets that are there, and says what came of it. Knows the life of a job.

Its name is in the journal before it is asked for, and what it gave once it is over: that is what the pages
in the output files are from. When the service has lost that, and the job must be run again, the files are
begun anew, since nothing proves that it will give the same records in the same order.
"""

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import anyio.to_thread

from asyncclean.api.datasets import Datasets
from asyncclean.api.jobs import Jobs
from asyncclean.api.models import Job, JobRequest
from asyncclean.errors import JobError, JobWaitTimeoutError, NotFoundError, RejectedError, UsageError
from asyncclean.events import Listener, Note, Progress
from asyncclean.transfer.awaiting import await_job
from asyncclean.transfer.journal import Journal


class Cleanse:
    """One job. ``again``: when it or its outputs are gone, it may be run again by this attempt."""

    def __init__(
        self,
        request: JobRequest,
        *,
        journal: Journal,
        jobs: Jobs,
        datasets: Datasets,
        listener: Listener,
        again: bool,
    ) -> None:
        self.request = request
        self._journal = journal
        self._jobs = jobs
        self._datasets = datasets
        self._listener = listener
        self._again = again

    async def run(self, *, timeout: float | None) -> Job | None:
        """Start the job, or find the one that an earlier attempt started, and await it at most ``timeout`` s.

        A job that failed or was refused is forgotten: the next attempt starts another, which may be asked for
        otherwise, on the data that is already there. One that is gone from the service is not needed any more
        once its outputs are known; else it must be started again, by this attempt (None says so), if it may,
        or by the next.

        Raises UsageError when the name is another job's, what `Jobs.start` and `await_job` raise, and
        NotFoundError when the job is gone and it is not for this attempt to go on.
        """
        if not await self._get("started"):
            await self._start()
        try:
            job = await await_job(self._jobs.get, self.request.name, timeout=timeout, on_poll=self._tell)
        except JobWaitTimeoutError:
            raise
        except JobError:
            await self._forget()
            raise
        except NotFoundError as error:
            return await self._without_job(error)
        await self._note_finished(job)
        return job

    async def output_gone(self, job: Job, error: NotFoundError, *, named: bool) -> None:
        """Let the job be run again, whose output is gone: by this attempt, if it may, or by the next.

        While the job itself is still there its name is taken: one that the user gave (``named``) is the
        user's to change. Raises the error when it is not for this attempt to go on.
        """
        await self._datasets.confirm()
        there = [await _is_there(self._datasets.get, name) for name in job.outputs.values()]
        if all(there):
            raise error
        taken = await _is_there(self._jobs.get, job.name)
        await self._forget(but_its_name=not taken)
        if named and taken:
            error.hint = "The same command with another --job runs the job again, on the data that is there."
            raise error
        self._let_it_be_started(f"An output of job {job.name!r}", error)

    async def _start(self) -> None:
        # The name is in the journal before it is first asked for, and the datasets are this run's alone: a
        # job over them is the one that an earlier attempt started. A name that was given may be another's.
        request = self.request
        try:
            job = await self._jobs.get(request.name)
            if (job.workflow, dict(job.inputs)) != (request.workflow, dict(request.inputs)):
                await self._forget()
                raise UsageError(
                    f"A job named {request.name!r} is there already, over other datasets.",
                    hint="Choose another name with --job.",
                )
        except NotFoundError:
            try:
                await self._jobs.start(request)
            except RejectedError:
                await self._forget()
                raise
        await self._put({"started": True})

    async def _without_job(self, error: NotFoundError) -> Job | None:
        await self._datasets.confirm()
        held = await self._get("finished")
        if held is not None:
            return _finished(self.request, held)
        await self._forget(but_its_name=True)
        self._let_it_be_started(f"The job {self.request.name!r}", error)
        return None

    def _let_it_be_started(self, what: str, error: NotFoundError) -> None:
        if not self._again:
            error.hint = "The same command starts the job again, on the data that is there."
            raise error
        self._listener(Note(f"{what} is gone from the service: the job is started again."))

    async def _note_finished(self, job: Job) -> None:
        at = [str(job.submitted_at), str(job.completed_at)]
        now = {"outputs": dict(job.outputs), "at": at, "statistics": dict(job.statistics)}
        held = await self._get("finished")
        if held is not None and (held["outputs"], held["at"]) != (now["outputs"], at):
            self._listener(
                Note(f"The job {job.name!r} was run again by something else: all is fetched anew.")
            )
            await self._forget(but_its_name=True)
        await self._put({"started": True, "finished": now})

    def _tell(self, job: Job) -> None:
        left = None
        if job.estimated_finish is not None:
            left = max(0.0, job.estimated_finish.timestamp() - time.time())
        self._listener(Progress("job", int(job.percent), 0, left))

    async def _forget(self, *, but_its_name: bool = False) -> None:
        """Let another job be started, and the output files be begun anew."""
        names = await anyio.to_thread.run_sync(self._journal.facts)
        facts: dict[str, Any] = {name: {} for name in names if name.startswith("output:")}
        facts |= {"started": False, "finished": None}
        if not but_its_name:
            facts |= {"job": None, "pins:job": None}
        await self._put(facts)

    async def _get(self, name: str) -> Any:
        return await anyio.to_thread.run_sync(self._journal.get, name)

    async def _put(self, facts: Mapping[str, Any]) -> None:
        await anyio.to_thread.run_sync(self._journal.put_all, facts)


async def _is_there(look_up: Callable[[str], Awaitable[object]], name: str) -> bool:
    try:
        await look_up(name)
    except NotFoundError:
        return False
    return True


def _finished(request: JobRequest, held: Mapping[str, Any]) -> Job:
    """A job that the service knows no more, as it was when it had finished."""
    return Job(
        name=request.name,
        workflow=request.workflow,
        status=None,
        percent=100.0,
        submitted_at=None,
        completed_at=None,
        estimated_finish=None,
        statistics=held["statistics"],
        inputs=request.inputs,
        outputs=held["outputs"],
        parameters=request.parameters,
        state="completed",
    )
