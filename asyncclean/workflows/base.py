"""What a workflow is. Knows frames; knows neither HTTP nor files nor where it runs."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping
from typing import ClassVar

import polars as pl

from asyncclean.kinds import ColumnKind

Columns = Mapping[str, ColumnKind]
"""A dataset's columns, in order. In frames: String, Int64, Float64, Boolean, and String (ISO 8601)."""


class WorkflowError(Exception):
    """A job cannot be run as it was asked: a missing column, a bad parameter. Prints as one sentence."""


class BlockWorkflow(ABC):
    """A workflow that sees one block of one streamed input at a time.

    An instance is made once for a job (and once in each worker process), so that ``__init__`` is the
    place for parameters, column finding and look-up tables.

    Attributes:
        name: PascalCase name by which jobs ask for it.
        inputs: required input keys; the first is the one that is streamed.
        output: key of the output dataset.
        identity: the output is the input, record for record; who runs it may copy blocks unparsed.
        day_parameter: the parameter that takes the current day, if its answers depend on it: a job that does
            not give one is given the day of its submission, so that it gives the same answers on any day.
    """

    name: ClassVar[str]
    inputs: ClassVar[tuple[str, ...]]
    output: ClassVar[str]
    identity: ClassVar[bool] = False
    day_parameter: ClassVar[str | None] = None

    @abstractmethod
    def __init__(self, columns: Columns, parameters: Mapping[str, str]) -> None:
        """Plan the work. Raises WorkflowError when columns or parameters do not allow it."""

    @property
    @abstractmethod
    def output_columns(self) -> Columns:
        """The output dataset's columns, in order."""

    @abstractmethod
    def cleanse(self, frame: pl.DataFrame) -> tuple[pl.DataFrame, Counter[str]]:
        """One block's records -> the output records in the same order, and counts by name.

        ``frame`` has the columns given to ``__init__``; the answer has ``output_columns``. Pure: the same
        frame gives the same answer in any process, in any order.
        """
