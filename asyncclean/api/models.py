"""What the service speaks of: datasets, jobs, problems. Knows JSON names and codes; sends nothing.

Facts and decisions about the service are those of its public guide; whatever it leaves open is read
tolerantly: unknown status codes, missing fields and odd times never raise.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from asyncclean.kinds import ColumnKind

JobState = Literal["queued", "running", "completed", "failed", "cancelled", "unknown"]

KIND_CODES: Mapping[ColumnKind, int] = {"text": 0, "int": 1, "decimal": 2, "bool": 3, "datetime": 4}
"""0 and 1 are the service's; 2 to 4 are the embedded server's."""

CODE_KINDS: Mapping[int, ColumnKind] = {code: kind for kind, code in KIND_CODES.items()}

JOB_STATES: Mapping[int, JobState] = {0: "queued", 1: "running", 2: "completed", 3: "failed", 4: "cancelled"}
"""The embedded server's codes. The public pages list none, so a finished job is one that says when."""

_FINAL: frozenset[JobState] = frozenset({"completed", "failed", "cancelled"})
_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:?\d\d)?$")


def parse_time(text: object) -> datetime | None:
    """A time like ``1970-01-01T00:00:00.0000000Z`` (any number of decimals), or None."""
    match = _TIME.match(text) if isinstance(text, str) else None
    if match is None:
        return None
    date, clock, decimals, zone = match.groups()
    micros = ((decimals or "") + "000000")[:6]
    offset = "+00:00" if zone in (None, "Z") else zone
    try:
        return datetime.fromisoformat(f"{date}T{clock}.{micros}{offset}").astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _object(value: object) -> dict[str, Any]:
    return {str(key): inner for key, inner in value.items()} if isinstance(value, Mapping) else {}


def _texts(value: object) -> dict[str, str]:
    return {key: str(inner) for key, inner in _object(value).items()}


def _whole(value: object, default: int = 0) -> int:
    return int(value) if isinstance(value, int | float) and math.isfinite(value) else default


def _kind(code: object, kinds: Mapping[int, ColumnKind]) -> ColumnKind:
    return kinds.get(code, "text") if isinstance(code, int) else "text"


@dataclass(frozen=True, slots=True)
class Dataset:
    """A dataset's details. ``columns``: kinds by name, in the service's order."""

    name: str
    columns: Mapping[str, ColumnKind]
    input: bool
    record_count: int
    completed: bool

    @classmethod
    def from_json(cls, body: Mapping[str, Any], kinds: Mapping[int, ColumnKind] = CODE_KINDS) -> "Dataset":
        """``kinds`` gives the column codes their meanings; an unknown one is read as text."""
        columns = {name: _kind(code, kinds) for name, code in _object(body.get("columns")).items()}
        return cls(
            name=_text(body.get("name")),
            columns=columns,
            input=bool(body.get("input", True)),
            record_count=_whole(body.get("recordCount")),
            completed=bool(body.get("completed")),
        )


@dataclass(frozen=True, slots=True)
class DatasetSummary:
    """A dataset as lists show it; ``location`` is where its details are."""

    name: str
    input: bool
    location: str

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> "DatasetSummary":
        return cls(_text(body.get("name")), bool(body.get("input", True)), _text(body.get("location")))


@dataclass(frozen=True, slots=True)
class JobRequest:
    """A job to be started. ``inputs``: dataset names by input key."""

    name: str
    workflow: str
    inputs: Mapping[str, str]
    parameters: Mapping[str, str] = field(default_factory=dict)
    input_filename: str = ""

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "workflowName": self.workflow,
            "inputFilename": self.input_filename,
            "inputDatasets": dict(self.inputs),
            "parameters": dict(self.parameters),
        }


@dataclass(frozen=True, slots=True)
class Job:
    """A job's details. ``percent`` 0 to 100; ``outputs``: dataset names by output key."""

    name: str
    workflow: str
    status: int | None
    percent: float
    submitted_at: datetime | None
    completed_at: datetime | None
    estimated_finish: datetime | None
    statistics: Mapping[str, Any]
    inputs: Mapping[str, str]
    outputs: Mapping[str, str]
    parameters: Mapping[str, str]
    state: JobState = "unknown"

    @classmethod
    def from_json(cls, body: Mapping[str, Any], states: Mapping[int, JobState] = JOB_STATES) -> "Job":
        """``states`` gives the status codes their meanings."""
        status = body.get("status")
        percent = body.get("percentComplete")
        code = status if isinstance(status, int) else None
        return cls(
            name=_text(body.get("name")),
            workflow=_text(body.get("workflowName")),
            status=code,
            percent=float(percent) if isinstance(percent, int | float) else 0.0,
            submitted_at=parse_time(body.get("submittedAt")),
            completed_at=parse_time(body.get("completedAt")),
            estimated_finish=parse_time(body.get("estimatedFinishTime")),
            statistics=_object(body.get("statistics")),
            inputs=_texts(body.get("inputDatasets")),
            outputs=_texts(body.get("outputDatasets")),
            parameters=_texts(body.get("parameters")),
            state="unknown" if code is None else states.get(code, "unknown"),
        )

    @property
    def finished(self) -> bool:
        """Whether it has ended, well or not: it says when, or its status says so."""
        return self.completed_at is not None or self.state in _FINAL


@dataclass(frozen=True, slots=True)
class Problem:
    """Problem details (RFC 9457) with the service's ``errors``: messages by field."""

    title: str = ""
    detail: str = ""
    fields: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def from_json(cls, body: object) -> "Problem":
        """Reads what it can of anything; never raises."""
        if not isinstance(body, Mapping):
            return cls()
        fields: dict[str, tuple[str, ...]] = {}
        for name, said in _object(body.get("errors")).items():
            messages = said if isinstance(said, list | tuple) else [said]
            fields[name] = tuple(str(message) for message in messages)
        return cls(_text(body.get("title")), _text(body.get("detail")), fields)


NO_PROBLEM = Problem()
