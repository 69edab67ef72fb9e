"""Countries by any usual name or code -> ISO 3166 alpha-2. Knows names; knows no addresses."""

import re
import unicodedata
from functools import lru_cache

import iso3166

from asyncclean.workflows.verdicts import Finding

_ALIASES = {
    "AE": "uae, emirates",
    "AT": "osterreich, oesterreich",
    "BA": "bosnia, bosnia herzegovina",
    "BE": "belgie, belgique, belgien",
    "BG": "bulgariya",
    "BN": "brunei",
    "BO": "bolivia",
    "BR": "brasil",
    "CD": "dr congo, drc, congo kinshasa, democratic republic of congo",
    "CG": "congo brazzaville",
    "CH": "schweiz, suisse, svizzera",
    "CI": "ivory coast",
    "CN": "peoples republic of china, prc, mainland china",
    "CV": "cape verde",
    "CY": "kypros",
    "CZ": "czech republic, cesko, ceska republika",
    "DE": "deutschland, federal republic of germany, west germany, brd",
    "DK": "danmark",
    "EE": "eesti",
    "ES": "espana",
    "FI": "suomi",
    "FK": "falklands, falkland islands",
    "FM": "micronesia",
    "FR": "republique francaise",
    "GB": "uk, u k, great britain, gt britain, britain, england, scotland, wales, northern ireland, "
    "n ireland, cymru, united kingdom, united kingdom of great britain, england uk, scotland uk, wales uk",
    "GR": "hellas, ellada",
    "HK": "hong kong sar",
    "HR": "hrvatska",
    "HU": "magyarorszag",
    "IE": "eire, republic of ireland, rep of ireland, roi, southern ireland",
    "IM": "iom",
    "IR": "iran",
    "IS": "island",
    "IT": "italia",
    "JP": "nippon",
    "KP": "north korea, dprk",
    "KR": "south korea, korea, republic of korea",
    "LA": "laos",
    "LT": "lietuva",
    "LV": "latvija",
    "MD": "moldova",
    "MK": "macedonia",
    "MO": "macau",
    "MM": "burma",
    "NL": "holland, nederland",
    "NO": "norge",
    "NZ": "aotearoa",
    "PL": "polska",
    "PS": "palestine",
    "RO": "romania, roumania",
    "RS": "srbija",
    "RU": "russia",
    "SE": "sverige",
    "SI": "slovenija",
    "SK": "slovak republic, slovensko",
    "SY": "syria",
    "SZ": "swaziland",
    "TL": "east timor",
    "TR": "turkey, turkiye",
    "TW": "taiwan",
    "TZ": "tanzania",
    "UA": "ukraina",
    "US": "usa, u s a, u s, america, united states, united states of america",
    "VA": "vatican, vatican city",
    "VE": "venezuela",
    "VG": "british virgin islands, bvi",
    "VI": "us virgin islands",
    "VN": "vietnam",
}

_OTHER = re.compile(r"[^a-z0-9]+")


def _key(text: str) -> str:
    """Lower case, without accents, single spaces between words."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", text.lower()) if not unicodedata.combining(c))
    return _OTHER.sub(" ", bare.replace("'", "")).strip()


def _all_names() -> dict[str, str]:
    names: dict[str, str] = {}
    for country in iso3166.countries_by_alpha2.values():
        for name in (country.name, country.apolitical_name, country.alpha2, country.alpha3):
            names[_key(name)] = country.alpha2
    for code, aliases in _ALIASES.items():
        for alias in aliases.split(", "):
            names[alias] = code
    return names


_NAMES = _all_names()


@lru_cache(maxsize=5_000)
def code_of(text: str) -> str | None:
    """The ISO 3166 alpha-2 code of a country's name or code, or None when there is no such country."""
    key = _key(text)
    return _NAMES.get(key) or _NAMES.get(key.removeprefix("the ")) or _NAMES.get(key.replace(" ", ""))


def examine(text: str, country: str = "") -> Finding:
    """A known country keeps the name that it was given; its code is the extra."""
    code = code_of(text)
    return Finding(text if code else None, "", (code,))
