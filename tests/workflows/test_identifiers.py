"""VAT numbers and IBANs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncclean.workflows import identifiers


@pytest.mark.parametrize(
    ("written", "country", "right"),
    [
        ("GB980780684", "GB", "GB980780684"),
        ("GB 980 7806 84", "GB", "GB980780684"),
        ("980780684", "GB", "GB980780684"),
        ("VAT No: 980 7806 84", "GB", "GB980780684"),
        ("XI980780684", "GB", "XI980780684"),
        ("DE 136,695 976".replace(",", ""), "GB", "DE136695976"),
        ("136695976", "DE", "DE136695976"),
        ("EL 094259216", "GB", "EL094259216"),
        ("094259216", "GR", "EL094259216"),
        ("IE 6433435F", "GB", "IE6433435F"),
        ("FR 40 303 265 045", "GB", "FR40303265045"),
    ],
)
def test_vat_numbers(written: str, country: str, right: str) -> None:
    assert identifiers.examine_vat(written, country).value == right
    assert identifiers.examine_vat(right, country) == (right, "", ())


@pytest.mark.parametrize("text", ["GB980780685", "980780685", "GB", "none", "ZZ123456789", "DE136695970"])
def test_wrong_vat_numbers(text: str) -> None:
    assert identifiers.examine_vat(text, "GB").value is None


@pytest.mark.parametrize(
    ("written", "right"),
    [
        ("GB82WEST12345698765432", "GB82WEST12345698765432"),
        ("gb82 west 1234 5698 7654 32", "GB82WEST12345698765432"),
        ("IBAN: DE89 3704 0044 0532 0130 00", "DE89370400440532013000"),
    ],
)
def test_ibans(written: str, right: str) -> None:
    assert identifiers.examine_iban(written).value == right
    assert identifiers.examine_iban(right) == (right, "", ())


@pytest.mark.parametrize("text", ["GB82WEST12345698765433", "GB82", "none", "DE89 3704"])
def test_wrong_ibans(text: str) -> None:
    assert identifiers.examine_iban(text).value is None


@given(st.text(), st.sampled_from(["GB", "DE", "US", "XX"]))
def test_any_text_has_a_finding(text: str, country: str) -> None:
    for once in (identifiers.examine_vat(text, country).value, identifiers.examine_iban(text).value):
        assert once is None or once.isalnum()
