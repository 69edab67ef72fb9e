"""When there are too many bad records: never before it is certain, always when it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncclean.errors import TooManyRejectsError
from asyncclean.transfer.policy import RejectPolicy


def stops(policy: RejectPolicy, rejected: int, good: int, share: float) -> bool:
    try:
        policy.check_on_the_way(rejected, good, share)
    except TooManyRejectsError:
        return True
    return False


def test_one_more_than_the_limit_stops_the_run_at_once() -> None:
    policy = RejectPolicy(keep=True, most=3)
    assert not stops(policy, 3, 0, 0.0)
    assert stops(policy, 4, 0, 0.0)
    with pytest.raises(TooManyRejectsError, match="4 records rejected, more than the limit of 3") as error:
        policy.check(4, 1000)
    assert error.value.rejected == 4


def test_a_limit_of_nothing_stops_at_the_first() -> None:
    with pytest.raises(TooManyRejectsError):
        RejectPolicy(keep=True, most=0).check(1, 1)
    RejectPolicy(keep=True, most=0).check(0, 1)


def test_a_share_is_that_of_the_whole_input() -> None:
    policy = RejectPolicy(keep=True, most_percent=5)
    policy.check(50, 1000)
    with pytest.raises(TooManyRejectsError, match=r"5 % of 1,000"):
        policy.check(51, 1000)


def test_an_empty_input_has_not_too_many() -> None:
    RejectPolicy(keep=True, most=0, most_percent=0).check(0, 0)


def test_bad_records_in_front_do_not_stop_a_run_that_keeps_the_limit_as_a_whole() -> None:
    policy = RejectPolicy(keep=True, most_percent=5)
    assert not stops(policy, 400, 1600, share=0.1), "400 of some 20,000 are 2 %"
    assert stops(policy, 1100, 900, share=0.1), "1,100 of some 20,000 are more than 5 % whatever follows"


def test_a_share_of_a_few_records_says_nothing_on_the_way() -> None:
    assert not stops(RejectPolicy(keep=True, most_percent=1), 900, 99, share=1.0)


@given(
    st.binary(min_size=1000, max_size=1500), st.integers(0, 255), st.integers(0, 100), st.integers(1, 1500)
)
def test_a_run_within_its_limit_is_never_stopped_on_the_way(
    content: bytes, threshold: int, percent: int, seen: int
) -> None:
    """Records of one length, in any order, of which those below a threshold are bad."""
    records = [byte < threshold for byte in content]
    seen = min(seen, len(records))
    policy = RejectPolicy(keep=True, most_percent=percent)
    if sum(records) <= len(records) * percent / 100:
        rejected = sum(records[:seen])
        assert not stops(policy, rejected, seen - rejected, seen / len(records))
