"""An asyncio client, and an embedded server, for a batch data-cleansing API.

    import asyncclean

    async with asyncclean.Client() as client:  # no URL: the embedded server
        summary = await client.clean("contacts.csv", "cleaned.csv")

All public names are here; everything else may move. They are imported when they are first used, so that
the command line can set things up before, and ``--help`` answers at once.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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

_HOMES = {
    "asyncclean.api.connection": ("Timeouts",),
    "asyncclean.api.models": ("Dataset", "DatasetSummary", "Job", "JobRequest"),
    "asyncclean.api.retry": ("RetryPolicy",),
    "asyncclean.client": ("Client",),
    "asyncclean.errors": (
        "AsynccleanError",
        "AuthError",
        "ConnectError",
        "InputError",
        "JobCancelledError",
        "JobError",
        "JobFailedError",
        "JobWaitTimeoutError",
        "JournalError",
        "MissingExtraError",
        "NotFoundError",
        "OutputError",
        "ProtocolError",
        "RejectedError",
        "RequestError",
        "ServiceError",
        "TooManyRejectsError",
        "UsageError",
        "VerificationError",
    ),
    "asyncclean.events": ("Event", "Listener", "Note", "PhaseEnded", "PhaseStarted", "Progress", "Retried"),
    "asyncclean.kinds": ("ColumnKind",),
    "asyncclean.plan": ("CleanPlan", "Reading", "Rejecting", "Writing"),
    "asyncclean.settings": ("Settings",),
    "asyncclean.summary": ("DownloadSummary", "DryRun", "Summary", "UploadSummary"),
    "asyncclean.transfer.policy": ("RejectPolicy",),
}


def __getattr__(name: str) -> object:
    """A public name, from the module that it lives in (PEP 562)."""
    for home, names in _HOMES.items():
        if name in names:
            value = globals()[name] = getattr(import_module(home), name)
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*globals(), *__all__]
