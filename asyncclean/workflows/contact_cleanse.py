"""ContactCleanse: contacts' names, addresses of every sort and dates put right, with what was done to each.

Knows columns and how verdicts become them; what is right for each kind of value is known in its own module.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import polars as pl

from asyncclean.errors import MissingExtraError
from asyncclean.kinds import ColumnKind
from asyncclean.workflows.base import BlockWorkflow, Columns, WorkflowError
from asyncclean.workflows.recognise import ALIASES, Kind, recognise
from asyncclean.workflows.verdicts import Extra, Verdict, judge

if TYPE_CHECKING:
    from asyncclean.workflows.examiners import Examiner

WEIGHTS: Mapping[Kind, int] = {
    "FullName": 3, "FirstName": 1, "LastName": 2, "Email": 3, "Phone": 3, "Postcode": 2, "Country": 1,
    "DateOfBirth": 1, "Company": 1, "VatNumber": 1, "Iban": 1,
}  # fmt: skip
"""What each kind of value counts in a quality score: how far it helps to reach one or tell two apart."""

_DTYPES: Mapping[ColumnKind, type[pl.DataType]] = {"text": pl.String, "bool": pl.Boolean}


@dataclass(frozen=True, slots=True)
class _Plan:
    """One recognised column: how its values are looked at, and the columns that the verdicts go to."""

    column: str
    kind: Kind
    examiner: Examiner
    value: str
    status: str
    extras: tuple[str, ...]


class ContactCleanse(BlockWorkflow):
    """Cleanses the recognised columns of ``Contacts``; docs/workflows.md has them and the parameters.

    Every record comes out, in its place. Columns that are not recognised are not touched.
    """

    name: ClassVar[str] = "ContactCleanse"
    inputs: ClassVar[tuple[str, ...]] = ("Contacts",)
    output: ClassVar[str] = "Contacts"

    def __init__(self, columns: Columns, parameters: Mapping[str, str]) -> None:
        """Raises WorkflowError for an unknown parameter or column, or when no column is a contact's, and
        MissingExtraError when the cleansing libraries are not installed."""
        try:
            # Here and not above: the libraries take a fifth of a second to load, and may be missing.
            from asyncclean.workflows.examiners import examiner  # noqa: PLC0415
            from asyncclean.workflows.parameters import parse  # noqa: PLC0415
        except ModuleNotFoundError as missing:
            raise MissingExtraError("ContactCleanse", extra="local") from missing

        options = parse(parameters)
        kinds = recognise(columns, options.columns)
        if not any(kind in WEIGHTS or kind in options.columns for kind in kinds.values()):
            raise WorkflowError(
                f"ContactCleanse found nothing to cleanse among the columns {', '.join(columns)}. "
                f"It needs at least one of {', '.join(kind for kind in ALIASES if kind in WEIGHTS)}; "
                "name yours with a parameter such as Column.Email=my_mail."
            )
        self._output: dict[str, ColumnKind] = dict(columns)
        self._default_country = options.default_country
        self._drop_invalid = options.drop_invalid
        plans: list[_Plan] = []
        for column, kind in kinds.items():
            looked_at = examiner(kind, columns[column], options)
            value, holds = column, columns[column]
            becomes: ColumnKind = "text" if holds == "int" else holds
            if options.append:
                value = self._add(f"{column}_clean", becomes)
            else:
                self._output[column] = becomes
            status = self._add(f"{column}_status", "text")
            # The first column of a kind has phone_type, whatever its name; a second one has mobile_type.
            prefix = column if any(plan.kind == kind for plan in plans) else kind.lower()
            extras = tuple(self._add(f"{prefix}_{extra}", is_a) for extra, is_a in looked_at.extras)
            plans.append(_Plan(column, kind, looked_at, value, status, extras))
        self._plans = tuple(plans)
        self._country = next((plan for plan in plans if plan.kind == "Country"), None)
        self._changes = self._add("changes", "text")
        self._score = self._add("quality_score", "int")

    def _add(self, name: str, kind: ColumnKind) -> str:
        """A column of our own, under that name, or name_2, name_3 ... where the name is taken."""
        free, number = name, 1
        while free in self._output:
            number += 1
            free = f"{name}_{number}"
        self._output[free] = kind
        return free

    @property
    def output_columns(self) -> Columns:
        return self._output

    def cleanse(self, frame: pl.DataFrame) -> tuple[pl.DataFrame, Counter[str]]:
        statistics: Counter[str] = Counter(records=frame.height)
        made = {name: frame[name] for name in frame.columns}
        countries = self._countries(frame)
        changes: list[pl.Series] = []
        for plan in self._plans:
            verdicts = self._verdicts(plan, frame[plan.column], countries)
            values, statuses, changed, extras = _turned(verdicts, len(plan.extras))
            made[plan.value] = pl.Series(plan.value, values, pl.String)
            made[plan.status] = pl.Series(plan.status, statuses, pl.String)
            for name, found in zip(plan.extras, extras, strict=True):
                made[name] = pl.Series(name, found, _DTYPES[self._output[name]])
            if any(changed):
                told = [f"{plan.column}: {change}" if change else None for change in changed]
                changes.append(pl.Series(plan.column, told, pl.String))
            for status, count in Counter(statuses).items():
                statistics[f"{plan.column}_{status}"] += count
            if plan.kind == "Email":
                suggestions, disposable = extras
                statistics[plan.extras[0]] += len(suggestions) - suggestions.count(None)
                statistics[plan.extras[1]] += disposable.count(True)
        made[self._changes] = self._told(changes, frame.height)
        made[self._score] = self._scored(made, frame.height)
        statistics["records_changed"] += frame.height - made[self._changes].null_count()
        return pl.DataFrame([made[name].alias(name) for name in self._output]), statistics

    def _countries(self, frame: pl.DataFrame) -> list[str] | None:
        """Each record's country, or None when no column says it."""
        if self._country is None:
            return None
        verdicts = self._verdicts(self._country, frame[self._country.column], None)
        return [str(verdict.extras[0] or self._default_country) for verdict in verdicts]

    def _verdicts(self, plan: _Plan, column: pl.Series, countries: Sequence[str] | None) -> list[Verdict]:
        """One verdict a record; each distinct value (in its country) is judged once."""
        values = (column if column.dtype == pl.String else column.cast(pl.String)).to_list()
        tidy, examine, extras = plan.examiner.tidy, plan.examiner.examine, len(plan.extras)
        drop = self._drop_invalid
        if plan.examiner.by_country and countries is not None:
            pairs = list(zip(values, countries, strict=True))
            by_pair = {
                pair: judge(*pair, tidy, examine, extras=extras, drop_invalid=drop)
                for pair in dict.fromkeys(pairs)
            }
            return [by_pair[pair] for pair in pairs]
        default = self._default_country
        by_value = {
            value: judge(value, default, tidy, examine, extras=extras, drop_invalid=drop)
            for value in dict.fromkeys(values)
        }
        return [by_value[value] for value in values]

    def _told(self, changes: list[pl.Series], height: int) -> pl.Series:
        """The changes of each record in one text, null where there were none."""
        if not changes:
            return pl.Series(self._changes, [None] * height, pl.String)
        told = pl.concat_str(changes, separator="; ", ignore_nulls=True)
        return pl.select(pl.when(told != "").then(told).alias(self._changes)).to_series()

    def _scored(self, made: Mapping[str, pl.Series], height: int) -> pl.Series:
        """0-100: how much of what could be known of a contact is known and right, weighted by `WEIGHTS`.

        Of several columns of one kind the best counts. An e-mail address that is disposable, or likely
        mistyped, counts half.
        """
        good: dict[Kind, pl.Series] = {}
        total = 0
        for plan in self._plans:
            if plan.kind not in WEIGHTS:
                continue
            status = made[plan.status]
            halves = ((status == "valid") | (status == "corrected")).cast(pl.Int64) * 2
            if plan.kind == "Email":
                suggestion, disposable = (made[name] for name in plan.extras)
                halves = (
                    halves - (suggestion.is_not_null() | disposable.fill_null(False)).cast(pl.Int64)
                ).clip(0)
            if plan.kind in good:
                halves = pl.select(pl.max_horizontal(good[plan.kind], halves)).to_series()
            else:
                total += 2 * WEIGHTS[plan.kind]
            good[plan.kind] = halves
        if not total:
            return pl.Series(self._score, [None] * height, pl.Int64)
        points = sum(
            (halves * WEIGHTS[kind] for kind, halves in good.items()), pl.zeros(height, pl.Int64, eager=True)
        )
        return (points * 100 + total // 2) // total


def _turned(
    verdicts: list[Verdict], extras: int
) -> tuple[Sequence[str | None], Sequence[str], Sequence[str | None], list[tuple[Extra, ...]]]:
    """Records of verdicts as columns: values, statuses, changes, and each of the extras."""
    if not verdicts:
        return (), (), (), [()] * extras
    values, statuses, changes, found = zip(*verdicts, strict=True)
    return values, statuses, changes, list(zip(*found, strict=True))
