"""Postcodes: the United Kingdom's forms, what is put right in them, and other countries' left alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncclean.workflows import postcodes
from asyncclean.workflows.text import tidy_value
from asyncclean.workflows.verdicts import Verdict, judge


def verdict(text: str, country: str = "GB") -> Verdict:
    return judge(text, country, tidy_value, postcodes.examine)


@pytest.mark.parametrize(
    "postcode",
    [
        *(
            "M1 1AA",
            "M60 1NW",
            "CR2 6XH",
            "DN55 1PT",
            "W1A 1HQ",
            "EC1A 1BB",
            "SW1A 0AA",
            "E1W 2BG",
            "N1C 4AG",
        ),
        *(
            "SE1P 5LX",
            "NW1W 8JG",
            "WC2H 7LT",
            "CR0 2AB",
            "BS98 1TL",
            "BF1 2AT",
            "BX1 1LT",
            "GY1 1AA",
            "JE2 3AB",
        ),
        *("GIR 0AA", "BFPO 1", "BFPO 1234", "ASCN 1ZZ", "STHL 1ZZ", "FIQQ 1ZZ", "TKCA 1ZZ", "GX11 1AA"),
        *("AI-2640", "KY1-1001", "MSR-1110", "VG1110"),
    ],
)
def test_every_form_of_postcode_is_valid_as_it_is(postcode: str) -> None:
    assert verdict(postcode)[:3] == (postcode, "valid", None)


@pytest.mark.parametrize(
    ("written", "right", "change"),
    [
        ("sw1a 1aa", "SW1A 1AA", "capitals"),
        ("SW1A1AA", "SW1A 1AA", "spacing"),
        ("sw1a1aa", "SW1A 1AA", "capitals, spacing"),
        ("SW1A  1AA", "SW1A 1AA", "spaces"),
        ("S W1A 1 AA", "SW1A 1AA", "spacing"),
        ("B33-8TH", "B33 8TH", "spacing"),
        ("M1 1AA.", "M1 1AA", "spacing"),
        ("gir0aa", "GIR 0AA", "capitals, spacing"),
        ("bfpo12", "BFPO 12", "capitals, spacing"),
        ("ascn1zz", "ASCN 1ZZ", "capitals, spacing"),
        ("AI2640", "AI-2640", "spacing"),
        ("SW1A OAA", "SW1A 0AA", "O and 0, I and 1 put right"),
        ("SW1A IAA", "SW1A 1AA", "O and 0, I and 1 put right"),
        ("MI 1AA", "M1 1AA", "O and 0, I and 1 put right"),
        ("CRO 2AB", "CR0 2AB", "O and 0, I and 1 put right"),
        ("0X1 2JD", "OX1 2JD", "O and 0, I and 1 put right"),
        ("S014 1AA", "SO14 1AA", "O and 0, I and 1 put right"),
        ("E1O 5AA", "E10 5AA", "O and 0, I and 1 put right"),
        ("1P1 1AA", "IP1 1AA", "O and 0, I and 1 put right"),
    ],
)
def test_slips_are_put_right_and_told(written: str, right: str, change: str) -> None:
    assert verdict(written)[:3] == (right, "corrected", change)


@pytest.mark.parametrize(
    "text",
    [
        "ZZ1 1AA", "M1 1A", "M 1AA", "M1 AA1", "SW1A 1AC", "SW1A 1AI", "SW1A 1KA", "EC1C 1AA",
        "M001 1AA", "12345", "London", "BFPO 12345", "BFPO", "XXXX 1ZZ", "LS1 O1A", "SW1A 1AA 1", "AI-2641",
    ],
)  # fmt: skip
def test_what_is_no_postcode_stays(text: str) -> None:
    assert verdict(text)[:3] == (text, "invalid", None)


@pytest.mark.parametrize(
    ("country", "postcode"),
    [
        *[("US", "10001"), ("US", "10001-1234"), ("DE", "01067"), ("NL", "1011 AB"), ("NL", "1011ab")],
        *[("IE", "D02 AF30"), ("CA", "K1A 0B1"), ("AU", "2000"), ("PL", "00-950"), ("BR", "01310-100")],
        *[("SE", "111 22"), ("JP", "100-0001")],
    ],
)
def test_other_countries_postcodes_are_valid_and_stay(country: str, postcode: str) -> None:
    assert verdict(postcode, country)[:3] == (postcode, "valid", None)


@pytest.mark.parametrize(
    ("country", "text"),
    [("US", "1234"), ("US", "SW1A 1AA"), ("DE", "1067"), ("CA", "D1A 0B1"), ("JP", "Tokyo"), ("BR", "?")],
)
def test_other_countries_shapes_are_checked(country: str, text: str) -> None:
    assert verdict(text, country)[:2] == (text, "invalid")


@given(st.text() | st.text(alphabet="ABEIMORSWZ0123 -.", min_size=4, max_size=9))
def test_any_text_has_a_verdict_and_a_corrected_postcode_is_valid(text: str) -> None:
    first = verdict(text)
    if first.status in {"valid", "corrected"}:
        assert first.value is not None
        assert verdict(first.value)[:3] == (first.value, "valid", None)
