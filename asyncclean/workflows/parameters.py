"""ContactCleanse's parameters, from the strings of a job. Knows what each may be, not what it does."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import cast, get_args

from asyncclean.workflows import countries
from asyncclean.workflows.base import WorkflowError
from asyncclean.workflows.dates import DateOrder
from asyncclean.workflows.recognise import Kind

NAMES = (
    "DefaultCountry",
    "DateOrder",
    "RepairEncoding",
    "NameCase",
    "DropInvalid",
    "OutputMode",
    "Today",
    *(f"Column.{kind}" for kind in get_args(Kind)),
)

_YES = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


@dataclass(frozen=True, slots=True)
class Options:
    """What a job asked for; the defaults where it asked for nothing.

    Attributes:
        default_country: ISO 3166 alpha-2, of records that name no country. date_order: of all-digit dates.
        repair_encoding: undo mojibake and HTML entities. name_case: put names' and companies' capitals right.
        drop_invalid: null in place of an invalid value. append: leave the columns, add ``<column>_clean``.
        today: what dates of birth are held against; None for the current date (UTC).
        columns: the columns of a kind, where the job names them.
    """

    default_country: str = "GB"
    date_order: DateOrder = "DMY"
    repair_encoding: bool = True
    name_case: bool = True
    drop_invalid: bool = False
    append: bool = False
    today: date | None = None
    columns: Mapping[Kind, tuple[str, ...]] = field(default_factory=dict)


def _choice(name: str, value: str, choices: tuple[str, ...]) -> str:
    for choice in choices:
        if value.strip().lower() == choice.lower():
            return choice
    raise WorkflowError(f"{name} must be {' or '.join(choices)}, not {value!r}.")


def _yes(name: str, value: str) -> bool:
    return _YES[_choice(name, value, tuple(_YES))]


def _country(value: str) -> str:
    code = countries.code_of(value)
    if code is None:
        raise WorkflowError(f"DefaultCountry must be a country, such as GB or Germany, not {value!r}.")
    return code


def _today(value: str) -> date:
    try:
        return date.fromisoformat(value.strip())
    except ValueError:
        raise WorkflowError(f"Today must be a date such as 2026-01-31, not {value!r}.") from None


def parse(parameters: Mapping[str, str]) -> Options:
    """The options, or WorkflowError for an unknown name or an impossible value, with what is possible."""
    unknown = sorted(set(parameters) - set(NAMES))
    if unknown:
        raise WorkflowError(
            f"ContactCleanse has no parameter {' or '.join(map(repr, unknown))}. "
            f"Its parameters are {', '.join(NAMES)}."
        )
    columns: dict[Kind, tuple[str, ...]] = {}
    for kind in get_args(Kind):
        if (value := parameters.get(f"Column.{kind}")) is not None:
            columns[kind] = tuple(name for part in value.split(",") if (name := part.strip()))
    given = parameters.get
    return Options(
        default_country=_country(given("DefaultCountry", "GB")),
        date_order=cast(DateOrder, _choice("DateOrder", given("DateOrder", "DMY"), get_args(DateOrder))),
        repair_encoding=_yes("RepairEncoding", given("RepairEncoding", "true")),
        name_case=_yes("NameCase", given("NameCase", "true")),
        drop_invalid=_yes("DropInvalid", given("DropInvalid", "false")),
        append=_choice("OutputMode", given("OutputMode", "replace"), ("replace", "append")) == "append",
        today=_today(parameters["Today"]) if "Today" in parameters else None,
        columns=columns,
    )
