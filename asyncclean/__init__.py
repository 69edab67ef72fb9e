"""An asyncio client, and an embedded server, for a batch data-cleansing API.

    import asyncclean

    async with asyncclean.Client() as client:  # no URL: the embedded server
        summary = await client.clean("contacts.csv", "cleaned.csv")

All public names are here; everything else may move.
"""

from asyncclean.api.connection import Timeouts
from asyncclean.api.models import Dataset, DatasetSummary, Job, JobRequest
from asyncclean.api.retry import RetryPolicy
from asyncclean.client import Client
from asyncclean.errors import (
    AsynccleanError,
    AuthError,
    ConnectError,
    InputError,
    JobCancelledError,
    JobError,
    JobFailedError,
    JobWaitTimeoutError,
    JournalError,
    MissingExtraError,
    NotFoundError,
    OutputError,
    ProtocolError,
    RejectedError,
    RequestError,
    ServiceError,
    TooManyRejectsError,
    UsageError,
    VerificationError,
)
from asyncclean.events import Event, Listener, Note, PhaseEnded, PhaseStarted, Progress, Retried
from asyncclean.kinds import ColumnKind
from asyncclean.plan import CleanPlan, Reading, Rejecting, Writing
from asyncclean.settings import Settings
from asyncclean.summary import DownloadSummary, DryRun, Summary, UploadSummary
from asyncclean.transfer.policy import RejectPolicy

__all__ = [
    "AsynccleanError",
    "AuthError",
    "CleanPlan",
    "Client",
    "ColumnKind",
    "ConnectError",
    "Dataset",
    "DatasetSummary",
    "DownloadSummary",
    "DryRun",
    "Event",
    "InputError",
    "Job",
    "JobCancelledError",
    "JobError",
    "JobFailedError",
    "JobRequest",
    "JobWaitTimeoutError",
    "JournalError",
    "Listener",
    "MissingExtraError",
    "NotFoundError",
    "Note",
    "OutputError",
    "PhaseEnded",
    "PhaseStarted",
    "Progress",
    "ProtocolError",
    "Reading",
    "RejectPolicy",
    "RejectedError",
    "Rejecting",
    "RequestError",
    "Retried",
    "RetryPolicy",
    "ServiceError",
    "Settings",
    "Summary",
    "Timeouts",
    "TooManyRejectsError",
    "UploadSummary",
    "UsageError",
    "VerificationError",
    "Writing",
]
