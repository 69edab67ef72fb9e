"""What a run was asked to do, and with what. Knows options, their defaults, and which files would take each
other's place; does nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import anyio

from asyncclean.api.compression import Encoding
from asyncclean.api.connection import Connection
from asyncclean.api.datasets import Datasets
from asyncclean.api.jobs import Jobs
from asyncclean.api.pacing import Limiter
from asyncclean.errors import UsageError
from asyncclean.events import Listener
from asyncclean.files.blocks import MAX_BYTES
from asyncclean.files.formats import FileFormat
from asyncclean.kinds import ColumnKind
from asyncclean.transfer.policy import RejectPolicy

DEFAULT_KEY = "Contacts"
"""The input key under which a file goes in unless another is named."""

DEFAULT_WORKFLOW = "ContactCleanse"


@dataclass(frozen=True, slots=True)
class Pace:
    """How blocks are made and sent. ``fixed``: requests in flight, None: found out; ``rate``: a second.

    Raises UsageError for figures that make no sense.
    """

    fixed: int | None = None
    rate: float | None = None
    max_block_bytes: int = MAX_BYTES
    compress: Encoding | None = None

    def __post_init__(self) -> None:
        if self.fixed is not None and self.fixed < 1:
            raise UsageError("concurrency must be at least 1, or 'auto'.")
        if self.rate is not None and self.rate <= 0:
            raise UsageError("rate must be more than 0 requests a second.")
        if self.max_block_bytes < 1:
            raise UsageError("max_block_bytes must be at least 1.")


@dataclass(frozen=True, slots=True)
class Engine:
    """What every step of every run uses: the wire, the limits on it, and who is told.

    ``uploading`` and ``downloading`` let the runs of several files overlap without sharing a phase, so
    that memory is that of one upload and one download, however many files there are.
    """

    connection: Connection
    datasets: Datasets
    jobs: Jobs
    upload_limiter: Limiter
    download_limiter: Limiter
    max_block_bytes: int
    allowed_kinds: frozenset[ColumnKind]
    service: str
    listener: Listener
    uploading: anyio.Lock = field(default_factory=anyio.Lock)
    downloading: anyio.Lock = field(default_factory=anyio.Lock)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How local inputs are read. ``types``: column kinds by header; all else is text.

    ``from_rejects``: the input is a rejects file, whose mended records are read.
    """

    format: FileFormat | None = None
    encoding: str = "utf-8"
    types: Mapping[str, ColumnKind] = field(default_factory=dict)
    from_rejects: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejecting:
    """What becomes of bad records: ``file`` takes them (NDJSON), up to the policy's limits."""

    file: Path | None = None
    policy: RejectPolicy = RejectPolicy()


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """How an output is written. ``csv_safe``: cells that a spreadsheet would run are disarmed.

    ``verify``: once written, everything is fetched again and compared with the file, byte for byte.
    """

    format: FileFormat | None = None
    force: bool = False
    csv_safe: bool = False
    verify: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanPlan:
    """One main job: the inputs by key (the first one is what comes back), and where the output goes.

    ``resumable`` False keeps the journal in memory: for a service that goes away with the client.
    Raises UsageError where the output or the rejects file is an input, or both are one file.
    """

    inputs: Mapping[str, Path]
    output: Path
    workflow: str = DEFAULT_WORKFLOW
    parameters: Mapping[str, str] = field(default_factory=dict)
    reading: Reading = Reading()
    writing: Writing = Writing()
    rejecting: Rejecting = Rejecting()
    dataset: str | None = None
    job: str | None = None
    wait_timeout: float | None = None
    fresh: bool = False
    resumable: bool = True

    def __post_init__(self) -> None:
        _keep_apart(self.inputs.values(), output=self.output, rejects=self.rejecting.file)


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadPlan:
    """One upload. ``journal``: where it notes what has arrived; None: it cannot be resumed. ``force``: a
    rejects file that exists is overwritten. Raises UsageError where the rejects file is the input.
    """

    input: Path
    dataset: str
    complete: bool = True
    journal: Path | None = None
    reading: Reading = Reading()
    rejecting: Rejecting = Rejecting()
    force: bool = False
    fresh: bool = False

    def __post_init__(self) -> None:
        _keep_apart([self.input], output=None, rejects=self.rejecting.file)


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadPlan:
    """One download."""

    dataset: str
    output: Path
    writing: Writing = Writing()
    fresh: bool = False
    resumable: bool = True


def _keep_apart(inputs: Iterable[Path], *, output: Path | None, rejects: Path | None) -> None:
    """Whatever ``force`` says: records that were never sent would be gone."""
    for path in inputs:
        if output is not None and _same(path, output):
            raise UsageError(f"{output} is the input itself.", hint="Choose another output.")
        if rejects is not None and _same(path, rejects):
            raise UsageError(
                f"{rejects} is the input itself: bad records would take its place.",
                hint="Choose another rejects file.",
            )
    if output is not None and rejects is not None and _same(output, rejects):
        raise UsageError(
            f"{output} is to hold both the output and the rejects: one would take the other's place.",
            hint="Choose another rejects file.",
        )


def _same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:  # at least one of them is not there yet
        return one.resolve() == other.resolve()
