"""Workflows that do what tests need. Worker processes import them by name, as they do the real ones."""

import os
import signal
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import polars as pl

from asyncclean.errors import MissingExtraError
from asyncclean.workflows.base import BlockWorkflow, Columns, WorkflowError


class Upper(BlockWorkflow):
    """Capitals in ``name``, and a column that says so. ``without``: drops records whose name holds it."""

    name: ClassVar[str] = "Upper"
    inputs: ClassVar[tuple[str, ...]] = ("Contacts",)
    output: ClassVar[str] = "Out"

    def __init__(self, columns: Columns, parameters: Mapping[str, str]) -> None:
        if "name" not in columns:
            raise WorkflowError("Upper needs the column name.")
        self._columns = dict(columns)
        self._parameters = parameters

    @property
    def output_columns(self) -> Columns:
        return {**self._columns, "changed": "bool"}

    def cleanse(self, frame: pl.DataFrame) -> tuple[pl.DataFrame, Counter[str]]:
        self._interfere()
        if without := self._parameters.get("without"):
            frame = frame.filter(~pl.col("name").fill_null("").str.contains(without, literal=True))
        upper = pl.col("name").str.to_uppercase()
        result = frame.with_columns((upper != pl.col("name")).fill_null(False).alias("changed"), upper)
        return result, Counter(records=frame.height, changed=int(result["changed"].sum()))

    def _interfere(self) -> None:
        pass


class Lacking(Upper):
    """Needs what is not installed."""

    name: ClassVar[str] = "Lacking"

    def __init__(self, columns: Columns, parameters: Mapping[str, str]) -> None:
        raise MissingExtraError("Lacking", extra="more")


class Stuck(Upper):
    """Waits until the file ``until`` is there."""

    name: ClassVar[str] = "Stuck"

    def _interfere(self) -> None:
        while not Path(self._parameters["until"]).exists():
            time.sleep(0.005)


class Killed(Upper):
    """Kills its own process, until the file ``until`` is there; then makes do. It makes that file itself."""

    name: ClassVar[str] = "Killed"

    def _interfere(self) -> None:
        mark = Path(self._parameters["until"])
        if not mark.exists():
            if self._parameters.get("once"):
                mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)


class Broken(Upper):
    """Raises what a workflow should not, or with ``politely`` what it may."""

    name: ClassVar[str] = "Broken"

    def _interfere(self) -> None:
        if "politely" in self._parameters:
            raise WorkflowError("The names are not to my liking.")
        raise ZeroDivisionError("one by none")


class Dated(Upper):
    """Puts the day that it is given in ``name``."""

    name: ClassVar[str] = "Dated"
    day_parameter: ClassVar[str | None] = "Day"

    def cleanse(self, frame: pl.DataFrame) -> tuple[pl.DataFrame, Counter[str]]:
        frame = frame.with_columns(pl.lit(self._parameters["Day"]).alias("name"))
        return frame.with_columns(pl.lit(True).alias("changed")), Counter()
