"""Phone numbers: every way of writing one ends in E.164, and what is no number stays."""

import random

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncclean.workflows import phones
from asyncclean.workflows.text import tidy_value
from asyncclean.workflows.verdicts import Verdict, judge


def verdict(text: str, country: str = "GB") -> Verdict:
    return judge(text, country, tidy_value, phones.examine, extras=len(phones.EXTRAS))


@pytest.mark.parametrize(
    ("written", "right", "change"),
    [
        ("020 7946 0018", "+442079460018", "E.164"),
        ("(020) 7946-0018", "+442079460018", "E.164"),
        ("020.7946.0018", "+442079460018", "E.164"),
        ("+44 20 7946 0018", "+442079460018", "E.164"),
        ("+44 (0)20 7946 0018", "+442079460018", "E.164"),
        ("+44 020 7946 0018", "+442079460018", "E.164"),
        ("0044 20 7946 0018", "+442079460018", "E.164"),
        ("442079460018", "+442079460018", "E.164"),
        ("2079460018", "+442079460018", "E.164"),
        ("tel: 020 7946 0018", "+442079460018", "words around it removed, E.164"),
        ("tel:+442079460018", "+442079460018", "words around it removed, E.164"),
        ("020 7946 0018 (work)", "+442079460018", "words around it removed, E.164"),
        ("020 7946 0018 work", "+442079460018", "words around it removed, E.164"),
        ("020 7946 0018 - ask for Jo", "+442079460018", "words around it removed, E.164"),
        ("O2O 7946 OO18", "+442079460018", "O and I read as digits, E.164"),
        ("2079460018.0", "+442079460018", "decimals removed, E.164"),
        (
            "020 7946 0018 / 0161 496 0123",
            "+442079460018",
            "first of 2 numbers, left out 0161 496 0123, E.164",
        ),
        (
            "020 7946 0018 or 0161 496 0123",
            "+442079460018",
            "first of 2 numbers, left out 0161 496 0123, E.164",
        ),
        ("+1 212 555 0123", "+12125550123", "E.164"),
        ("0800 FLOWERS", "+448003569377", "E.164"),
        ("０２０ ７９４６ ００１８", "+442079460018", "characters, E.164"),
    ],
)
def test_styles_of_writing(written: str, right: str, change: str) -> None:
    assert verdict(written)[:3] == (right, "corrected", change)
    assert verdict(right)[:3] == (right, "valid", None)


@pytest.mark.parametrize("written", ["020 7946 0018 x12", "02079460018 ext. 12", "+442079460018;ext=12"])
def test_an_extension_is_taken_off_and_kept(written: str) -> None:
    found = verdict(written)

    assert (found.value, found.extras) == ("+442079460018", ("fixed_line", "12"))
    assert found.change == "extension taken off, E.164"


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        ("+447400123456", "mobile"),
        ("+442079460018", "fixed_line"),
        ("+448001234567", "toll_free"),
        ("+449098790000", "premium_rate"),
        ("+445612345678", "voip"),
        ("+447911123456", "mobile"),  # Guernsey's
        ("+12125550123", "fixed_line_or_mobile"),
    ],
)
def test_types(number: str, kind: str) -> None:
    assert verdict(number).extras == (kind, None)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-",
        "n/a",
        "12",
        "0000000000",
        "07700 900123",
        "4.47912E+11",
        "ask Jo",
        "020 7946 001",
        "+999 1234567",
    ],
)
def test_what_is_no_number_stays(text: str) -> None:
    assert verdict(text)[:3] == (text, "invalid" if text else "empty", None)


def test_a_number_without_a_calling_code_is_of_the_records_country() -> None:
    assert verdict("(212) 555-0123", "US").value == "+12125550123"
    assert verdict("030 123456", "DE").value == "+4930123456"
    assert verdict("06 1234 5678", "IT").value == "+390612345678"
    assert verdict("020 7946 0018", "XX").status == "invalid"


def spelled(region: str, chance: random.Random) -> str:
    """A number of that region or one near it, written in some way."""
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(region)
    assert metadata is not None
    kinds = (metadata.fixed_line, metadata.mobile, metadata.toll_free, metadata.premium_rate, metadata.voip)
    digits = list(
        chance.choice([kind.example_number for kind in kinds if kind and kind.example_number]) or ""
    )
    for _ in range(chance.choice((0, 1, 2, 4, 8))):
        digits[chance.randrange(len(digits))] = chance.choice("0123456789")
    if chance.random() < 0.2:
        digits = digits[:-1] if chance.random() < 0.5 else [*digits, chance.choice("0123456789")]
    code = metadata.country_code
    before = chance.choice(
        ["", "0", f"+{code}", f"00{code}", f"+{code}(0)", f"+{code} 0", "1", "8", f"{code}", "(0)"]
    )
    return "".join(c + (chance.choice(" -()") if chance.random() < 0.15 else "") for c in [*before, *digits])


@pytest.mark.parametrize("region", sorted(phonenumbers.SUPPORTED_REGIONS))
def test_the_patterns_and_the_library_agree(region: str) -> None:
    chance = random.Random(f"numbers of {region}")
    for _ in range(60):
        text = spelled(region, chance)
        home = chance.choice([region, "GB", "US"])
        quick = phones._plainly(text, home)
        if quick is not None:
            assert quick == phones.ask_library(text, home), (text, home)


@given(
    st.text() | st.text(alphabet="0123456789+ ()-./xetOl,;", max_size=30),
    st.sampled_from(["GB", "US", "AR", "ZZ"]),
)
def test_any_text_has_a_verdict_and_a_corrected_number_is_valid(text: str, country: str) -> None:
    first = verdict(text, country)
    if first.status in {"valid", "corrected"}:
        assert first.value is not None
        assert verdict(first.value, country)[:3] == (first.value, "valid", None)
