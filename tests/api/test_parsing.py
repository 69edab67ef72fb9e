"""What comes from outside is read tolerantly: odd answers never raise anything but what is promised."""

import json
import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncclean.api.models import Dataset, DatasetSummary, Job, Problem, parse_time
from asyncclean.api.outcome import Fail, Ok, Retry, Unauthorised, judge_response, read_problem, unauthorised
from asyncclean.api.retry import RetryPolicy, RetryQuota, parse_retry_after

JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)
KEYS = st.sampled_from(
    ["name", "columns", "input", "recordCount", "completed", "status", "percentComplete", "statistics",
     "completedAt", "estimatedFinishTime", "inputDatasets", "outputDatasets", "parameters", "errors", "title"]
)  # fmt: skip
OBJECTS = st.dictionaries(st.one_of(KEYS, st.text(max_size=4)), JSON, max_size=8)


@given(OBJECTS)
def test_any_object_is_read_as_far_as_it_goes(body: dict[str, object]) -> None:
    Dataset.from_json(body)
    DatasetSummary.from_json(body)
    assert Job.from_json(body).finished in (True, False)
    Problem.from_json(body)


@given(st.one_of(st.binary(max_size=60), OBJECTS.map(lambda body: json.dumps(body).encode())))
def test_any_body_is_read_as_problem_details(body: bytes) -> None:
    read_problem(body)


@given(st.integers(100, 599), st.binary(max_size=20), st.booleans(), st.text(max_size=10))
def test_every_answer_gets_a_verdict(status: int, body: bytes, wants_json: bool, after: str) -> None:
    verdict = judge_response(status, {"Retry-After": after}, body, wants_json=wants_json)
    assert isinstance(verdict, Ok | Retry | Fail | Unauthorised)
    assert isinstance(verdict, Ok) <= (200 <= status < 300)


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("1970-01-01T00:00:00.0000000Z", datetime(1970, 1, 1, tzinfo=UTC)),
        ("2026-11-24T08:07:44.1234567Z", datetime(2026, 11, 24, 8, 7, 44, 123456, tzinfo=UTC)),
        ("2026-11-24T08:07:44", datetime(2026, 11, 24, 8, 7, 44, tzinfo=UTC)),
        ("2026-11-24T08:07:44+02:00", datetime(2026, 11, 24, 6, 7, 44, tzinfo=UTC)),
        ("yesterday", None),
        ("2026-13-45T99:00:00Z", None),
        (None, None),
        (5, None),
    ],
)
def test_times_of_any_precision_are_read(text: object, time: datetime | None) -> None:
    assert parse_time(text) == time


@given(st.text())
def test_no_text_breaks_the_reading_of_times(text: str) -> None:
    parse_time(text)
    after = parse_retry_after(text)
    assert after is None or (after >= 0 and math.isfinite(after))


def test_retry_after_is_seconds_or_a_date() -> None:
    now = datetime(2026, 11, 24, 8, 0, 0, tzinfo=UTC)
    assert parse_retry_after("120") == 120
    assert parse_retry_after(" 1.5 ") == 1.5
    assert parse_retry_after("Tue, 24 Nov 2026 08:01:00 GMT", now) == 60
    assert parse_retry_after("Tue, 24 Nov 2026 07:01:00 GMT", now + timedelta(days=1)) == 0
    assert parse_retry_after("soon") is None
    assert parse_retry_after("nan") is None
    assert parse_retry_after(None) is None


def test_unknown_status_codes_do_not_end_a_job() -> None:
    assert not Job.from_json({"name": "j", "status": 17}).finished
    done = Job.from_json({"name": "j", "status": 17, "completedAt": "2026-01-01T00:00:00Z"})
    assert (done.finished, done.state) == (True, "unknown")
    assert Job.from_json({"name": "j", "status": 17}, {17: "failed"}).state == "failed"


def test_back_off_is_full_jitter_up_to_a_cap() -> None:
    most = RetryPolicy(draw=lambda low, high: high)
    least = RetryPolicy(draw=lambda low, high: low)
    transient = [most.delay(n, throttled=False, retry_after=None) for n in range(1, 9)]
    assert transient == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, None]
    throttled = [most.delay(n, throttled=True, retry_after=None) for n in range(1, 9)]
    assert throttled == [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, None]
    assert least.delay(1, throttled=False, retry_after=None) == 0.0
    assert most.delay(1, throttled=True, retry_after=300.0) == 301.0
    assert most.delay(1, throttled=True, retry_after=301.0) is None


@given(st.lists(st.sampled_from(["plain", "throttled", "success"]), max_size=300))
def test_the_quota_stays_within_its_bounds(steps: list[str]) -> None:
    quota = RetryQuota()
    for step in steps:
        if step == "success":
            quota.refund()
            continue
        before = quota.tokens
        pause = quota.spend(throttled=step == "throttled")
        price = 5 if step == "throttled" else 14
        assert (pause == 0.0) == (before >= price)
        assert quota.tokens == (before - price if pause == 0.0 else before)
    assert 0 <= quota.tokens <= 500


def test_a_refused_token_is_told_in_the_service_s_words_with_one_full_stop() -> None:
    for detail in ("The token is not valid.", "The token is not valid"):
        error = unauthorised("GET", "/Dataset", read_problem(json.dumps({"detail": detail}).encode()))
        assert str(error).startswith(
            "GET /Dataset: the service refuses the credentials (status 401): The token is not valid. Set "
        )
