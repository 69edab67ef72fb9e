"""PassThrough: the input as it is, for trials and benchmarks."""

from collections import Counter
from collections.abc import Mapping
from typing import ClassVar

import polars as pl

from asyncclean.workflows.base import BlockWorkflow, Columns, WorkflowError


class PassThrough(BlockWorkflow):
    """Gives back every record of ``Contacts`` unchanged. Takes no parameters; any columns will do."""

    name: ClassVar[str] = "PassThrough"
    inputs: ClassVar[tuple[str, ...]] = ("Contacts",)
    output: ClassVar[str] = "Contacts"
    identity: ClassVar[bool] = True

    def __init__(self, columns: Columns, parameters: Mapping[str, str]) -> None:
        if parameters:
            raise WorkflowError(f"PassThrough takes no parameters; given: {', '.join(sorted(parameters))}.")
        self._columns = dict(columns)

    @property
    def output_columns(self) -> Columns:
        return self._columns

    def cleanse(self, frame: pl.DataFrame) -> tuple[pl.DataFrame, Counter[str]]:
        return frame, Counter(records=frame.height)
