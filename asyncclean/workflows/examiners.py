"""Which examination each kind of column gets, under a job's options. Knows no values and no frames."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from asyncclean.kinds import ColumnKind
from asyncclean.workflows import (
    companies,
    countries,
    dates,
    emails,
    identifiers,
    names,
    phones,
    postcodes,
    text,
)
from asyncclean.workflows.parameters import Options
from asyncclean.workflows.recognise import Kind
from asyncclean.workflows.verdicts import Examine, Finding, Tidy


@dataclass(frozen=True, slots=True)
class Examiner:
    """How one column's values are looked at.

    Attributes:
        tidy, examine: as in `verdicts`. by_country: the answer depends on the record's country.
        longest: characters that such a value can have, with some to spare; None: any number.
        extras: names and kinds of the further columns, in the order of a finding's extras.
    """

    tidy: Tidy
    examine: Examine
    longest: int | None
    by_country: bool = False
    extras: tuple[tuple[str, ColumnKind], ...] = ()


def _as_it_is(value: str, country: str) -> Finding:
    return Finding(value)


_NAMES: Mapping[Kind, tuple[Examine, Examine]] = {
    "Title": (names.examine_title, _as_it_is),
    "FirstName": (names.examine_given, names.examine_as_written),
    "LastName": (names.examine_family, names.examine_as_written),
    "FullName": (names.examine_full, names.examine_as_written),
    "Company": (companies.examine, companies.examine_as_written),
}
"""With capitals put right, and without."""

_BY_COUNTRY: Mapping[Kind, Examine] = {
    "Phone": phones.examine,
    "Postcode": postcodes.examine,
    "VatNumber": identifiers.examine_vat,
}
_BY_VALUE: Mapping[Kind, Examine] = {
    "Email": emails.examine,
    "Country": countries.examine,
    "Iban": identifiers.examine_iban,
    "Text": _as_it_is,
}
_LONGEST: Mapping[Kind, int] = {
    "Title": 100, "FirstName": 200, "LastName": 200, "FullName": 300, "Company": 300, "Email": 1_000,
    "Phone": 250, "Postcode": 50, "Country": 100, "VatNumber": 100, "Iban": 100, "DateOfBirth": 100,
    "Date": 100,
}  # fmt: skip
"""Well over the longest that there are; phonenumbers itself stops at 250 characters."""

_EXTRAS: Mapping[Kind, tuple[tuple[str, ColumnKind], ...]] = {
    "Email": (("suggestion", "text"), ("disposable", "bool")),
    "Phone": (("type", "text"), ("extension", "text")),
    "Country": (("code", "text"),),
}


def _unchanged(examine: Examine) -> Examine:
    """For typed columns, which know one spelling only: says whether a value is right, leaves it as it is."""

    def judged(value: str, country: str) -> Finding:
        return Finding(None) if examine(value, country).value is None else Finding(value)

    return judged


def examiner(kind: Kind, column: ColumnKind, options: Options) -> Examiner:
    """The examiner of a column of that kind."""
    tidy = text.tidy_value if options.repair_encoding else text.tidy_spaces
    longest = _LONGEST.get(kind)
    if kind in _NAMES:
        return Examiner(tidy, _NAMES[kind][0 if options.name_case else 1], longest)
    if kind in _BY_COUNTRY:
        return Examiner(tidy, _BY_COUNTRY[kind], longest, by_country=True, extras=_EXTRAS.get(kind, ()))
    if kind in _BY_VALUE:
        if kind == "Text":
            tidy = text.tidy_lines if options.repair_encoding else text.tidy_line_spaces
        return Examiner(tidy, _BY_VALUE[kind], longest, extras=_EXTRAS.get(kind, ()))
    today = options.today or datetime.now(UTC).date()
    reader = dates.Dates(order=options.date_order, today=today, birth=kind == "DateOfBirth")
    return Examiner(tidy, _unchanged(reader.examine) if column == "datetime" else reader.examine, longest)
