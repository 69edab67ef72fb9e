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

if TYPE_CHECKING:
    from asyncclean.workflows.examiners import Examiner

WEIGHTS: Mapping[Kind, int] = {
    "FullName": 3, "FirstName": 1, "LastName": 2, "Email": 3, "Phone": 3, "Postcode": 2, "Country": 1,
    "DateOfBirth": 1, "Company": 1, "VatNumber": 1, "Iban": 1,
}  # fmt: skip
"""What each kind of value counts in a quality score: how far it helps to reach one or tell two apart."""


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
    day_parameter: ClassVar[str | None] = "Today"

    def __init__(self, columns: Columns, parameters: Mapping[str, str]) -> None:
        """Raises WorkflowError for an unknown parameter or column, or when no column is a contact's, and
        MissingExtraError when the cleansing libraries are not installed."""
        try:
            # Here and not above: the libraries take a fifth of a second to load, and may be missing.
            from asyncclean.workflows.examiners import examiner  # noqa: PLC0415
            from asyncclean.workflows.judging import judge_column  # noqa: PLC0415
            from asyncclean.workflows.parameters import parse  # noqa: PLC0415
        except ModuleNotFoundError as missing:
            if (missing.name or "").partition(".")[0] == "asyncclean":
                raise
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
        self._judge = judge_column
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
        changes: dict[str, pl.Series] = {}
        countries: Sequence[str] | str = self._default_country
        # The countries first: phones, postcodes and VAT numbers are judged by them.
        for plan in sorted(self._plans, key=lambda plan: plan is not self._country):
            judged = self._judge(
                frame[plan.column], countries, plan.examiner, drop_invalid=self._drop_invalid
            )
            made[plan.value], made[plan.status] = judged.values, judged.status
            made.update(zip(plan.extras, judged.extras, strict=True))
            if judged.changes is not None:
                changes[plan.column] = judged.changes
            for status, count in judged.statuses.items():
                statistics[f"{plan.column}_{status}"] += count
            if plan.kind == "Email":
                statistics.update(dict(zip(plan.extras, judged.known, strict=True)))
            if plan is self._country:
                countries = judged.extras[0].fill_null(self._default_country).to_list()
        made[self._changes] = self._told(
            [changes[plan.column] for plan in self._plans if plan.column in changes], frame.height
        )
        made[self._score] = self._scored(made, frame.height)
        statistics["records_changed"] += frame.height - made[self._changes].null_count()
        return pl.DataFrame([made[name].alias(name) for name in self._output]), statistics

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
