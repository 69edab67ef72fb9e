"""Dates: read as people write them, out as ISO 8601."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncclean.workflows.dates import DateOrder, Dates
from asyncclean.workflows.text import tidy_value
from asyncclean.workflows.verdicts import Verdict, judge

TODAY = date(2026, 6, 15)


def verdict(text: str, order: DateOrder = "DMY", *, birth: bool = True) -> Verdict:
    return judge(text, "GB", tidy_value, Dates(order=order, today=TODAY, birth=birth).examine)


@pytest.mark.parametrize(
    "written",
    [
        *("01/02/1980", "1/2/1980", "01-02-1980", "01.02.1980", "1 2 1980", "01/02/80", "1.2.80", "1980-2-1"),
        *("1st February 1980", "1 Feb 1980", "01-FEB-80", "1 feb. 1980", "1st of February, 1980", "1Feb1980"),
        *("February 1, 1980", "Feb 1st 1980", "Friday, 1 February 1980", "Fri 1 Feb 1980", "1980 Feb 1"),
        *("1980/02/01", "1980.2.1", "19800201", "01021980", "29252", "29252.0", "01/02/1980 00:00"),
        *("1980-02-01T00:00:00", "1980-02-01 00:00:00", "1980-02-01T00:00:00.0000000Z"),
    ],
)
def test_ways_of_writing_one_day(written: str) -> None:
    assert verdict(written)[:2] == ("1980-02-01", "corrected")


def test_iso_dates_are_valid_as_they_are() -> None:
    assert verdict("1980-02-01")[:3] == ("1980-02-01", "valid", None)


@pytest.mark.parametrize(
    ("order", "written", "right"),
    [
        ("DMY", "03/04/1999", "1999-04-03"),
        ("MDY", "03/04/1999", "1999-03-04"),
        ("MDY", "03041999", "1999-03-04"),
        ("MDY", "12/31/99", "1999-12-31"),
        ("YMD", "99-12-31", "1999-12-31"),
        ("YMD", "1999-12-31", "1999-12-31"),
        ("YMD", "99/1/2", "1999-01-02"),
    ],
)
def test_the_order_decides_what_digits_mean(order: DateOrder, written: str, right: str) -> None:
    assert verdict(written, order).value == right


@pytest.mark.parametrize(
    "text",
    [
        *("31/02/1980", "29/02/1981", "13/13/1980", "04/25/1980", "00/00/0000", "0000-00-00", "1980-02-30"),
        *("16/06/2026", "2026-06-16", "01/01/1899", "99999", "01/02/19800", "19801301"),
        *("1980", "Feb 1980", "1 Foo 1980", "1/2/3", "1 2", "n/a"),
    ],
)
def test_impossible_and_future_births_are_invalid_and_stay(text: str) -> None:
    assert verdict(text)[:3] == (text, "invalid", None)


@pytest.mark.parametrize(
    ("written", "birth", "right"),
    [
        ("15/06/26", True, "2026-06-15"),
        ("16/06/26", True, "1926-06-16"),
        ("01/01/27", True, "1927-01-01"),
        ("01/01/27", False, "2027-01-01"),
        ("01/01/36", False, "2036-01-01"),
        ("01/01/37", False, "1937-01-01"),
    ],
)
def test_two_digit_years(written: str, birth: bool, right: str) -> None:
    assert verdict(written, birth=birth).value == right


def test_other_dates_may_lie_in_the_future_and_keep_their_time() -> None:
    assert verdict("31/12/2030", birth=False).value == "2030-12-31"
    assert verdict("31/12/2030 14:05", birth=False).value == "2030-12-31 14:05"
    assert verdict("2030-12-31T14:05:00Z", birth=False)[:2] == ("2030-12-31T14:05:00Z", "valid")
    assert verdict("2030-12-31 00:00:00", birth=False)[:2] == ("2030-12-31 00:00:00", "valid")


@given(
    day=st.dates(date(1910, 1, 1), TODAY),
    shape=st.sampled_from(
        ["%d/%m/%Y", "%d.%m.%Y", "%d %B %Y", "%d %b %Y", "%B %d, %Y", "%Y%m%d", "%d%m%Y", "%A %d %B %Y"]
    ),
)
def test_every_day_is_read_back(day: date, shape: str) -> None:
    assert verdict(day.strftime(shape)).value == day.isoformat()


@given(
    st.text() | st.text(alphabet="0123456789/-. Tfeb:Z", max_size=14),
    st.sampled_from(["DMY", "MDY", "YMD"]),
    st.booleans(),
)
def test_any_text_has_a_verdict_and_a_corrected_date_is_valid(
    text: str, order: DateOrder, birth: bool
) -> None:
    first = verdict(text, order, birth=birth)
    if first.status in {"valid", "corrected"}:
        assert first.value is not None
        assert verdict(first.value, order, birth=birth)[:3] == (first.value, "valid", None)
