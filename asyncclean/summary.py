"""What a run came to, for people and programs. Knows figures; computes none of them but sums."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from asyncclean.errors import printable


@dataclass(frozen=True, slots=True)
class _Facts:
    def as_dict(self) -> dict[str, Any]:
        """Plain values, as `--json` prints them: paths as texts, floats to three decimals."""
        return {name: _plain(value) for name, value in asdict(self).items()}


@dataclass(frozen=True, slots=True)
class UploadSummary(_Facts):
    """What `Client.upload` did. ``checksum``: CRC-32 over the JSON of all blocks, in order, as hex."""

    records_in: int
    records_accepted: int
    records_rejected: int
    blocks: int
    blocks_resumed: int
    bytes: int
    checksum: str
    dataset: str
    completed: bool
    retries: int
    seconds: Mapping[str, float]
    bounded_by: Mapping[str, str] = field(default_factory=dict)
    rejects: Path | None = None


@dataclass(frozen=True, slots=True)
class DownloadSummary(_Facts):
    """What `Client.download` did."""

    records_out: int
    pages: int
    pages_resumed: int
    dataset: str
    output: Path
    retries: int
    seconds: Mapping[str, float]
    bounded_by: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Summary(_Facts):
    """What `Client.clean` did. ``statistics`` are the job's own; ``bounded_by`` says, by phase, what was
    the limit: reader, encoder, network, service, rate or writer. ``outputs`` and ``output_datasets`` are by
    the job's output keys, ``datasets`` by its input keys.
    """

    records_in: int
    records_out: int
    records_rejected: int
    blocks: int
    blocks_resumed: int
    pages: int
    pages_resumed: int
    retries: int
    seconds: Mapping[str, float]
    dataset: str
    datasets: Mapping[str, str]
    job: str
    outputs: Mapping[str, Path]
    output_datasets: Mapping[str, str]
    statistics: Mapping[str, Any]
    checksum: str
    bounded_by: Mapping[str, str] = field(default_factory=dict)
    rejects: Path | None = None

    @classmethod
    def of_before(cls, facts: Mapping[str, Any], outputs: Mapping[str, Path], rejects: Path | None) -> Self:
        """What `as_dict` told of an earlier run, for one that had nothing left to do."""
        return cls(
            **{
                **facts,
                "blocks_resumed": facts["blocks"],
                "pages_resumed": facts["pages"],
                "retries": 0,
                "seconds": {},
                "bounded_by": {},
                "outputs": outputs,
                "rejects": rejects,
            }
        )


@dataclass(frozen=True, slots=True)
class DryRun(_Facts):
    """What `Client.dry_run` found: nothing was sent. ``rejects``: the first few bad rows."""

    records_in: int
    records_rejected: int
    blocks: int
    bytes: int
    columns: Mapping[str, Mapping[str, str]]
    rejects: Sequence[Mapping[str, Any]] = ()


def _plain(value: Any) -> Any:
    match value:
        case dict():
            return {key: _plain(inner) for key, inner in value.items()}
        case list():
            return [_plain(inner) for inner in value]
        case float():
            return round(value, 3)
        case Path():
            return printable(str(value))
        case _:
            return value
