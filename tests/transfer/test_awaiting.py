"""Waiting for a job, in virtual time."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncclean.api.models import Job, JobState
from asyncclean.errors import JobCancelledError, JobFailedError, JobWaitTimeoutError
from asyncclean.transfer.awaiting import (
    FIRST_S,
    GROWTH,
    JITTER,
    JUST_AFTER_S,
    LONGEST_S,
    PollSchedule,
    await_job,
)

pytestmark = pytest.mark.anyio

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)

QUEUED = Job(
    name="a job",
    workflow="PassThrough",
    status=0,
    percent=0.0,
    submitted_at=EPOCH,
    completed_at=None,
    estimated_finish=None,
    statistics={},
    inputs={},
    outputs={},
    parameters={},
    state="queued",
)


@dataclass
class Service:
    """A job that is finished ``takes`` seconds after time 0, on a clock that only sleeping moves."""

    takes: float
    state: JobState = "completed"
    status: int = 2
    error: str = ""
    says_when: bool = True
    estimates: bool = False
    time: float = 0.0
    asked_at: list[float] = field(default_factory=list)

    async def look_up(self, name: str) -> Job:
        assert name == "a job"
        self.asked_at.append(self.time)
        estimate = EPOCH + timedelta(seconds=self.takes) if self.estimates else None
        if self.time < self.takes:
            return replace(QUEUED, percent=100 * self.time / self.takes, estimated_finish=estimate)
        return replace(
            QUEUED,
            state=self.state,
            status=self.status,
            percent=100.0,
            completed_at=EPOCH + timedelta(seconds=self.takes) if self.says_when else None,
            statistics={"error": self.error} if self.error else {},
        )

    async def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        self.time += seconds

    async def awaited(self, timeout: float | None = None) -> Job:
        return await await_job(
            self.look_up,
            "a job",
            timeout=timeout,
            clock=lambda: self.time,
            now=lambda: EPOCH + timedelta(seconds=self.time),
            sleep=self.sleep,
        )


async def test_it_asks_often_at_first_and_ever_less_often() -> None:
    service = Service(takes=600)
    await service.awaited()
    delays = [later - earlier for earlier, later in zip(service.asked_at, service.asked_at[1:], strict=False)]
    for index, delay in enumerate(delays):
        scheduled = min(LONGEST_S, FIRST_S * GROWTH**index)
        assert scheduled * (1 - JITTER) <= delay <= scheduled * (1 + JITTER)
    assert len(delays) < 35


async def test_a_job_that_is_done_already_is_asked_for_once() -> None:
    service = Service(takes=0)
    assert (await service.awaited()).state == "completed"
    assert service.asked_at == [0.0]


async def test_an_estimate_draws_the_next_look_in() -> None:
    service = Service(takes=100, estimates=True)
    await service.awaited()
    assert 100 <= service.asked_at[-1] <= 101


async def test_there_is_no_timeout_unless_one_is_set() -> None:
    service = Service(takes=30 * 24 * 3600)
    assert (await service.awaited()).percent == 100.0


async def test_a_timeout_looks_a_last_time_and_says_how_to_go_on() -> None:
    service = Service(takes=600)
    with pytest.raises(JobWaitTimeoutError, match="goes on") as error:
        await service.awaited(timeout=60)
    assert service.asked_at[-1] == pytest.approx(60)
    assert "10 % done" in str(error.value)


async def test_a_job_that_ends_just_before_the_timeout_is_found() -> None:
    service = Service(takes=59.9)
    assert (await service.awaited(timeout=60)).state == "completed"


async def test_a_failed_job_quotes_the_services_reason() -> None:
    with pytest.raises(JobFailedError, match="'a job' failed: no column named email"):
        await Service(takes=1, state="failed", status=3, error="no column named email").awaited()


async def test_a_cancelled_job_is_said_to_be_so() -> None:
    with pytest.raises(JobCancelledError, match="was cancelled"):
        await Service(takes=1, state="cancelled", status=4).awaited()


async def test_an_unknown_status_is_finished_when_it_says_when() -> None:
    job = await Service(takes=5, state="unknown", status=77).awaited()
    assert job.status == 77


async def test_a_known_status_is_believed_without_a_time() -> None:
    assert (await Service(takes=5, says_when=False).awaited()).state == "completed"


@given(st.floats(-1, 1), st.one_of(st.none(), st.floats(-1e6, 1e6)), st.integers(0, 40))
def test_a_delay_is_never_too_short_nor_too_long(jitter: float, estimate: float | None, asked: int) -> None:
    schedule = PollSchedule()
    job = replace(QUEUED, estimated_finish=None if estimate is None else EPOCH + timedelta(seconds=estimate))
    for _ in range(asked):
        schedule.next_delay(job, EPOCH)
    delay = schedule.next_delay(job, EPOCH, jitter)
    rounding = 1e-6
    assert FIRST_S * (1 - JITTER) - rounding <= delay <= LONGEST_S * (1 + JITTER) + rounding
    if estimate is not None and 0.001 < estimate < LONGEST_S * 0.5 and asked > 20:
        assert delay <= max(FIRST_S, estimate + 2 * JUST_AFTER_S) + rounding
