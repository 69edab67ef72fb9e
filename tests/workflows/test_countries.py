"""Countries by any usual name."""

import pytest

from asyncclean.workflows import countries


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("GB", "GB"), ("gbr", "GB"), ("UK", "GB"), ("U.K.", "GB"), ("United Kingdom", "GB"),
        ("England", "GB"),
        ("SCOTLAND", "GB"), ("Great Britain", "GB"), ("Deutschland", "DE"), ("Germany", "DE"), ("USA", "US"),
        ("U.S.A.", "US"), ("The United States", "US"), ("United States of America", "US"),
        ("Côte d'Ivoire", "CI"),
        ("Ivory Coast", "CI"), ("Russia", "RU"), ("South Korea", "KR"), ("Österreich", "AT"),
        ("España", "ES"),
        ("The Netherlands", "NL"), ("Holland", "NL"), ("Eire", "IE"), ("Republic of Ireland", "IE"),
        ("Czech Republic", "CZ"), ("Türkiye", "TR"), ("Turkey", "TR"), ("Jersey", "JE"),
        ("Isle of Man", "IM"),
        ("Hong Kong", "HK"), ("Viet Nam", "VN"), ("Vietnam", "VN"),
    ],
)  # fmt: skip
def test_names_and_codes(text: str, code: str) -> None:
    assert countries.code_of(text) == code
    assert countries.examine(text) == (text, "", (code,))


@pytest.mark.parametrize("text", ["Atlantis", "XX", "?", "EU", "Europe"])
def test_what_is_no_country_is_invalid(text: str) -> None:
    assert countries.examine(text) == (None, "", (None,))
