"""Companies' names: the legal form, and capitals."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncclean.workflows import companies


@pytest.mark.parametrize(
    ("written", "right", "change"),
    [
        ("Acme Trading Ltd", "Acme Trading Ltd", ""),
        ("ACME TRADING LTD.", "Acme Trading Ltd", "capitals"),
        ("acme trading ltd", "Acme Trading Ltd", "capitals"),
        ("Acme Trading ltd.", "Acme Trading Ltd", "legal form"),
        ("Northern Widgets plc", "Northern Widgets PLC", "legal form"),
        ("muster gmbh", "Muster GmbH", "capitals"),
        ("BANK OF SCOTLAND PLC", "Bank of Scotland PLC", "capitals"),
        ("BBC STUDIOS LIMITED", "BBC Studios Limited", "capitals"),
        ("HSBC HOLDINGS PLC", "HSBC Holdings PLC", "capitals"),
        ("IKEA LTD", "IKEA Ltd", "capitals"),
        ("THE OLD RED BUS CO", "The Old Red Bus Co", "capitals"),
        ("O'NEILL & SONS", "O'Neill & Sons", "capitals"),
        ("MCDONALD LYNCH & CO", "McDonald Lynch & Co", "capitals"),
        ("TESCO", "TESCO", ""),
        ("eBay Inc", "eBay Inc", ""),
        ("AT&T SERVICES", "AT&T Services", "capitals"),
        ("AT&T", "AT&T", ""),
        ("7-Eleven", "7-Eleven", ""),
        ("Smith, Jones & Co", "Smith, Jones & Co", ""),
        ("3M", "3M", ""),
    ],
)
def test_names(written: str, right: str, change: str) -> None:
    assert companies.examine(written)[:2] == (right, change)
    assert companies.examine(right).value == right
    assert companies.examine_as_written(written).value == written


@pytest.mark.parametrize("text", ["-", "n/a", "Unknown", "???"])
def test_what_is_no_name_is_invalid(text: str) -> None:
    assert companies.examine(text).value is None
    assert companies.examine_as_written(text).value is None


@given(st.text(min_size=1) | st.text(alphabet="aAbBoO'& .LTDltdPLC", min_size=1))
def test_a_name_once_written_stays(text: str) -> None:
    once = companies.examine(text).value
    if once is not None:
        assert companies.examine(once).value == once
