"""Waits for a job by polling. Knows when to ask next; knows nothing of how a job is asked for.

The schedule is that of `docs/pacing.md`: 0.5 s, growing by half up to 30 s, with 10 % of jitter so that
many waiters do not line up, and drawn in when the service itself says when the job will be done.
"""

import math
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import anyio

from asyncclean.api.models import Job
from asyncclean.errors import JobCancelledError, JobError, JobFailedError, JobWaitTimeoutError

FIRST_S = 0.5
LONGEST_S = 30.0
GROWTH = 1.5
JITTER = 0.1
JUST_AFTER_S = 0.1
"""A job is looked at this long, or up to twice as long, after it should be done."""

JobLookup = Callable[[str], Awaitable[Job]]


@dataclass(slots=True)
class PollSchedule:
    """How long to wait before asking again. Pure: facts in, seconds out."""

    interval: float = FIRST_S

    def next_delay(self, job: Job, now: datetime, jitter: float = 0.0) -> float:
        """Seconds until the next look at ``job``; ``jitter`` from -1 to 1.

        An estimate that lies nearer than the schedule draws the next look in to just after it; one that
        has already passed is no longer believed.
        """
        delay = self.interval * (1 + JITTER * jitter)
        self.interval = min(LONGEST_S, self.interval * GROWTH)
        if job.estimated_finish is not None:
            remaining = (job.estimated_finish - now).total_seconds()
            if remaining > 0:
                delay = min(delay, max(FIRST_S, remaining + JUST_AFTER_S * (1 + abs(jitter))))
        return delay


async def await_job(
    look_up: JobLookup,
    name: str,
    *,
    timeout: float | None = None,
    on_poll: Callable[[Job], None] = lambda job: None,
    clock: Callable[[], float] = time.monotonic,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
) -> Job:
    """Poll until the job is finished, and return it completed.

    ``timeout`` in seconds bounds only this wait: reaching it neither cancels nor restarts the job.
    ``clock``, ``now`` and ``sleep`` are what it knows of time.

    Raises JobFailedError, JobCancelledError, JobWaitTimeoutError, or what ``look_up`` raises.
    """
    schedule = PollSchedule()
    deadline = math.inf if timeout is None else clock() + timeout
    while True:
        job = await look_up(name)
        on_poll(job)
        if job.finished:
            return _judge(job)
        left = deadline - clock()
        if left <= 0:
            raise JobWaitTimeoutError(
                name,
                f"is not finished after {timeout:g} s of waiting ({job.percent:.0f} % done)",
                hint="It goes on running; the same command again goes on waiting for it.",
            )
        delay = schedule.next_delay(job, now(), random.uniform(-1, 1))  # noqa: S311
        await sleep(min(left, delay))


def _judge(job: Job) -> Job:
    reason = str(job.statistics.get("error", ""))
    errors: dict[str, tuple[type[JobError], str]] = {
        "failed": (JobFailedError, "failed"),
        "cancelled": (JobCancelledError, "was cancelled"),
    }
    if job.state in errors:
        error, sentence = errors[job.state]
        raise error(job.name, sentence, reason=reason)
    return job
