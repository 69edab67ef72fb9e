"""Cleanses one block of packed records. Knows workflows and frames; runs in a worker process or a thread."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from asyncclean.kinds import ColumnKind
from asyncclean.server.lines import Stored, pack, unpack
from asyncclean.workflows.base import BlockWorkflow, Columns

_DTYPES: Mapping[ColumnKind, pl.DataType] = {
    "text": pl.String(),
    "int": pl.Int64(),
    "decimal": pl.Float64(),
    "bool": pl.Boolean(),
    "datetime": pl.String(),
}


@dataclass(frozen=True, slots=True)
class Plan:
    """What a job does to each block. Small, and the same in every process: pickling a class is its name."""

    workflow: type[BlockWorkflow]
    kinds: Mapping[str, ColumnKind]
    parameters: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Cleansed:
    """A block's output, and the counts that go into the job's statistics."""

    output: Stored
    counts: Counter[str]


class Stage:
    """A plan at work. Raises WorkflowError when the job cannot be run as asked."""

    def __init__(self, plan: Plan) -> None:
        self._schema = {name: _DTYPES[kind] for name, kind in plan.kinds.items()}
        self._workflow = plan.workflow(plan.kinds, plan.parameters)

    @property
    def output_columns(self) -> Columns:
        """The output's columns, in order."""
        return self._workflow.output_columns

    @property
    def identity(self) -> bool:
        """Whether blocks come out as they went in."""
        return self._workflow.identity

    def cleanse(self, data: bytes) -> Cleansed:
        """One block's packed records -> the output's. Pure. Raises WorkflowError, or whatever goes wrong."""
        frame = pl.read_ndjson(unpack(data), schema=self._schema)
        result, counts = self._workflow.cleanse(frame)
        lines = result.write_ndjson().encode().rstrip(b"\n") if result.height else b""
        return Cleansed(Stored(result.height, pack(lines)), counts)
