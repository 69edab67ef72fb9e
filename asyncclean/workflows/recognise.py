"""Which columns of a dataset hold what, by their names. Knows names, looks at no values."""

import re
from collections.abc import Mapping
from typing import Literal

from asyncclean.kinds import ColumnKind
from asyncclean.workflows.base import Columns, WorkflowError
from asyncclean.workflows.spellings import words

Kind = Literal[
    "Title", "FirstName", "LastName", "FullName", "Email", "Phone", "Postcode", "Country", "DateOfBirth",
    "Date", "Company", "VatNumber", "Iban", "Text",
]  # fmt: skip

ALIASES: Mapping[Kind, frozenset[str]] = {
    "Title": words("title salutation honorific nameprefix nametitle courtesytitle"),
    "FirstName": words("""
        firstname firstnames forename forenames givenname givennames fname first namefirst christianname
        middlename middlenames secondforename preferredname knownas
    """),
    "LastName": words("lastname surname familyname lname sname last namelast secondname maidenname"),
    "FullName": words("fullname namefull name personname displayname wholename"),
    "Email": words("email emails emailaddress emailaddr emailid eml mail mailaddress"),
    "Phone": words("""
        phone phonenumber phoneno phonenum telephone telephonenumber telephoneno tel telno telnumber telnum
        mobile mobilenumber mobileno mobilephone mobilephonenumber mobiletelephone mobiletel mob whatsapp
        cell cellphone cellnumber cellphonenumber landline landlinenumber fax faxnumber faxno contactnumber
        contactno contactphone daytimephone eveningphone phonemobile phonehome phonework phonebusiness
    """),
    "Postcode": words(
        "postcode postalcode zip zipcode pcode postzip zippostcode zippostalcode postcodezip plz"
    ),
    "Country": words("country countryname countrycode countryiso nation countryofresidence"),
    "DateOfBirth": words("dateofbirth dob birthdate birthday birthdt dateborn born bday"),
    "Date": words("date"),
    "Company": words("""
        company companyname organisation organization organisationname organizationname org orgname
        employer employername business businessname firm firmname tradingname
    """),
    "VatNumber": words(
        "vatnumber vat vatno vatreg vatregno vatregistration vatregistrationnumber vatid taxvat"
    ),
    "Iban": words("iban ibannumber ibanno"),
    "Text": frozenset(),
}
"""Without their underscores. Text has none: such columns are only those that a parameter names."""

_WHOSE = re.compile(
    r"^(?:customer|cust|client|contact|person|applicant|member|primary|secondary|main|alt|alternative|other|billing|"
    r"delivery|shipping|mailing|correspondence|personal|private|the|"
    r"(?:user|home|work|business|office|company|day|daytime|evening)(?!_name))_"
)
"""Not user_name, which is no person's name, nor office_name and its like."""

_NUMBERED = re.compile(r"_?[0-9]{1,2}$")
_A_DATE = re.compile(r"^date_|_date$")

_ALSO_HOLDS: Mapping[Kind, frozenset[ColumnKind]] = {
    "Phone": frozenset({"int"}),
    "Postcode": frozenset({"int"}),
    "VatNumber": frozenset({"int"}),
    "DateOfBirth": frozenset({"int", "datetime"}),
    "Date": frozenset({"datetime"}),
}
"""The kinds of column, besides text, in which each kind of value can be."""


def holds(kind: Kind) -> frozenset[ColumnKind]:
    """The kinds of column in which that kind of value can be."""
    return _ALSO_HOLDS.get(kind, frozenset()) | {"text"}


def kind_of(name: str) -> Kind | None:
    """The kind of value that a column of this name holds, or None when its name does not tell."""
    plain = _NUMBERED.sub("", name)
    while True:
        joined = plain.replace("_", "")
        for kind, aliases in ALIASES.items():
            if joined in aliases:
                return kind
        shorter = _WHOSE.sub("", plain)
        if shorter == plain:
            return "Date" if _A_DATE.search(name) else None
        plain = shorter


def recognise(columns: Columns, chosen: Mapping[Kind, tuple[str, ...]]) -> dict[str, Kind]:
    """Column -> kind, in the columns' order.

    ``chosen`` names the columns of a kind, and then they are all of that kind that there are; () means none.
    Raises WorkflowError for a column that is not there, that is chosen twice, or that cannot hold its kind.
    """
    taken: dict[str, Kind] = {}
    for kind, names in chosen.items():
        for name in names:
            if name not in columns:
                raise WorkflowError(
                    f"Column.{kind} names the column {name!r}, which is not there. "
                    f"The columns are {', '.join(columns)}."
                )
            if name in taken:
                raise WorkflowError(
                    f"The column {name!r} is given as Column.{taken[name]} and as Column.{kind}."
                )
            if columns[name] not in holds(kind):
                raise WorkflowError(
                    f"The column {name!r} given as Column.{kind} is of type {columns[name]}; "
                    f"it must be of type {' or '.join(sorted(holds(kind), reverse=True))}."
                )
            taken[name] = kind
    found: dict[str, Kind] = {}
    for name, column_kind in columns.items():
        kind_or_none = taken.get(name) or kind_of(name)
        if kind_or_none is None or (name not in taken and kind_or_none in chosen):
            continue
        if column_kind in holds(kind_or_none):
            found[name] = kind_or_none
    return found
