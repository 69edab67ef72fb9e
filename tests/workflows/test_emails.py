"""E-mail addresses: what is one, and what can be put right."""

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import given
from hypothesis import strategies as st

from asyncclean.workflows import emails
from asyncclean.workflows.email_domains import likely_meant
from asyncclean.workflows.text import tidy_value
from asyncclean.workflows.verdicts import Verdict, judge


def verdict(text: str) -> Verdict:
    return judge(text, "GB", tidy_value, emails.examine, extras=len(emails.EXTRAS))


@pytest.mark.parametrize(
    "address",
    [
        "jane@example.com",
        "Jane.O'Brien+news@sub.example.co.uk",
        "zoë@example.com",
        "jane@exämple.com",
        "jane@xn--exmple-cua.com",
        "δοκιμή@example.com",
        "1@example.museum",
    ],
)
def test_right_addresses_are_valid_as_they_are(address: str) -> None:
    assert verdict(address)[:3] == (address, "valid", None)


@pytest.mark.parametrize(
    ("written", "right", "change"),
    [
        ("jane@EXAMPLE.com", "jane@example.com", "domain in lower case"),
        ("JANE@Example.com", "JANE@example.com", "domain in lower case"),
        ("  jane@example.com ", "jane@example.com", "spaces"),
        ("jane@example,com", "jane@example.com", "comma for dot"),
        ("jane@EXAMPLE,com", "jane@example.com", "comma for dot, domain in lower case"),
        ("jane @ example. com", "jane@example.com", "spaces in it removed"),
        ("mailto:jane@example.com", "jane@example.com", "mailto: removed"),
        ("mailto:jane@example.com?subject=Hi", "jane@example.com", "mailto: removed"),
        ("<jane@example.com>", "jane@example.com", "taken out of <>"),
        ("Jane Doe <jane@example.com>", "jane@example.com", "taken out of <>"),
        ('"jane@example.com"', "jane@example.com", "punctuation around it removed"),
        ("jane@example.com;", "jane@example.com", "punctuation around it removed"),
        ("jane@example.com.", "jane@example.com", "punctuation around it removed"),
        ("jane (at) example (dot) com", "jane@example.com", "(at) written as @"),
        (
            "jane@example.com; joe@example.org",
            "jane@example.com",
            "first of 2 addresses, left out joe@example.org",
        ),
        ("jane&#64;example.com", "jane@example.com", "characters"),
    ],
)
def test_slips_are_put_right_and_told(written: str, right: str, change: str) -> None:
    assert verdict(written)[:3] == (right, "corrected", change)
    assert verdict(right)[:2] == (right, "valid")


@pytest.mark.parametrize(
    "text",
    [
        "jane",
        "jane@",
        "@example.com",
        "jane@@example.com",
        "jane@doe@example.com",
        "jane@example",
        "jane@localhost",
        "jane doe@example.com",
        "jane..doe@example.com",
        ".jane@example.com",
        "jane@-example.com",
        "jane@example..com",
        "jane@[127.0.0.1]",
        "jane@exa_mple.com",
        "n/a",
        "x" * 65 + "@example.com",
        "jane@" + "x" * 64 + ".com",
        "jane@" + ".".join(["x" * 60] * 5),
    ],
)
def test_what_cannot_be_an_address_is_invalid_and_stays(text: str) -> None:
    assert verdict(text)[:3] == (text, "invalid", None)


@pytest.mark.parametrize(
    ("domain", "meant"),
    [
        ("gmial.com", "gmail.com"),
        ("gamil.com", "gmail.com"),
        ("gmai.com", "gmail.com"),
        ("gmail.con", "gmail.com"),
        ("gnail.com", "gmail.com"),
        ("hotmial.co.uk", "hotmail.co.uk"),
        ("hotmail.co.k", "hotmail.co.uk"),
        ("yaho.com", "yahoo.com"),
        ("outlok.com", "outlook.com"),
        ("btinternet.con", "btinternet.com"),
        ("example.con", "example.com"),
        ("example.couk", "example.co.uk"),
    ],
)
def test_a_likely_slip_in_a_domain_has_a_suggestion(domain: str, meant: str) -> None:
    assert likely_meant(domain) == meant
    assert verdict(f"jane@{domain}").extras[0] == f"jane@{meant}"


@pytest.mark.parametrize(
    "domain",
    [
        *(
            "gmail.com",
            "mail.com",
            "email.com",
            "ymail.com",
            "gmx.de",
            "me.com",
            "live.co.uk",
            "sky.com",
            "skye.com",
        ),
        *("example.com", "example.co", "nhs.net", "yahoo.co.jp"),
    ],
)
def test_a_domain_of_its_own_has_no_suggestion(domain: str) -> None:
    assert likely_meant(domain) is None


def test_throw_away_mailboxes_are_marked() -> None:
    assert verdict("jane@mailinator.com").extras == (None, True)
    assert verdict("jane@box.mailinator.com").extras == (None, True)
    assert verdict("jane@example.com").extras == (None, False)


def test_isemail_no_wrong_address_is_valid_and_the_right_ones_are(shared_data: Path) -> None:
    accepted: dict[str, int] = {}
    cases: dict[str, int] = {}
    for test in ET.parse(shared_data / "isemail_tests.xml").iter("test"):
        written = test.findtext("address") or ""
        # The suite writes control characters as their pictures, from U+2400.
        address = "".join(chr(ord(c) - 0x2400) if "\u2400" <= c <= "\u2420" else c for c in written)
        category = test.findtext("category") or ""
        kind = "right" if category in {"ISEMAIL_VALID_CATEGORY", "ISEMAIL_DNSWARN"} else category
        cases[kind] = cases.get(kind, 0) + 1
        accepted[kind] = accepted.get(kind, 0) + (emails.check(address).value == address)

    assert (accepted["ISEMAIL_ERR"], cases["ISEMAIL_ERR"]) == (0, 66)
    # The one left out is test@io: a top-level domain that could have a mail server, and has none.
    assert (accepted["right"], cases["right"]) == (21, 22)


LOCALS = st.text(alphabet="aZ0.+-_'éßŐαй😀 \u0301(\"", min_size=1, max_size=70)
DOMAINS = st.text(alphabet="aZ0.-éßα _", min_size=1, max_size=70) | st.sampled_from(
    ["example.com", "EXAMPLE.org", "exämple.com", "xn--exmple-cua.com"]
)


@given(local=LOCALS, domain=DOMAINS)
def test_the_quick_way_and_the_library_agree(local: str, domain: str) -> None:
    address = f"{local}@{domain}"
    try:
        by_library = validate_email(address, check_deliverability=False, strict=True)
    except EmailNotValidError:
        assert emails.check(address).value is None
    else:
        found = emails.check(address).value
        assert found is not None
        assert found.rpartition("@")[0] == by_library.local_part


@given(st.text() | st.text(alphabet="aA@., <>;:()'\"mailto-é", max_size=40))
def test_any_text_has_a_verdict_and_a_corrected_address_is_valid(text: str) -> None:
    first = verdict(text)
    if first.status in {"valid", "corrected"}:
        assert first.value is not None
        assert verdict(first.value)[:3] == (first.value, "valid", None)
