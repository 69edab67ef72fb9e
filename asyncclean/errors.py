"""Every error that asyncclean raises, in one tree. Knows facts and sentences, nothing of their causes.

    AsynccleanError
    ├── UsageError                what was asked cannot be done as asked (exit status 2)
    │   └── MissingExtraError     an optional part of the package is not installed
    ├── InputError                a local file cannot be read as what it claims to be
    ├── OutputError               a local file cannot be written
    ├── JournalError              an unfinished run does not fit this command
    ├── VerificationError         two counts or checksums that must agree do not
    ├── TooManyRejectsError       more bad records than the caller allows
    ├── AuthError                 no token, or the service refuses it
    ├── RequestError              a request failed for good
    │   ├── ConnectError          no answer: refused, reset, timed out, name not found
    │   ├── ProtocolError         an answer that is not what the service promises
    │   ├── NotFoundError         404
    │   ├── RejectedError         any other 4xx; carries the service's problem details
    │   └── ServiceError          5xx or 429, still after all attempts
    └── JobError                  a job did not end well
        ├── JobFailedError        the service says that it failed
        ├── JobCancelledError     the service says that it was cancelled
        └── JobWaitTimeoutError   the caller's own time-out; the job goes on

Each error prints as one sentence that says what and where; ``hint`` says what to do about it. Whatever a
service or a file had a part in is made fit for a terminal there: of a bearable length, without control
characters. Attributes keep it as it was.
"""

import re
from asyncio import CancelledError
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from os import PathLike

TOLD_FIELDS = 3
"""Most fields of a refusal that its sentence tells of: a service may name each of 1,000 records."""

TOLD_CHARACTERS = 300
"""Most characters that a sentence takes of one thing said by a service: three lines of a terminal."""

TOLD_NAME = 100
"""Most characters of a field's name."""

_BREAKS = re.compile("[\t-\r\x85\u2028\u2029]+")
_UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def printable(text: str) -> str:
    """A text on one line, with nothing in it that a terminal obeys.

    Line breaks and tabs become a space. Control characters (escape sequences begin with one), those that
    turn the direction of writing and lone surrogates are shown as in a Python string: ``\\x1b``.
    """
    return _UNFIT.sub(lambda found: ascii(found[0])[1:-1], _BREAKS.sub(" ", text))


def shortened(text: str, most: int = TOLD_CHARACTERS) -> str:
    """A text of at most this many characters; where it was cut it ends with an ellipsis."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


class AsynccleanError(Exception):
    """The base of all errors raised here.

    Attributes:
        message: what happened and where, in one sentence, `printable`.
        hint: what the user can do about it, `printable`, or ``""``.
        exit_status: the exit status of a command that ends with this error.
    """

    exit_status = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        self.message = printable(message)
        self.hint = printable(hint)
        super().__init__(self.message)

    def __str__(self) -> str:
        if not self.hint:
            return self.message
        return f"{self.message}{'' if self.message.endswith(('.', '!', '?', '…')) else '.'} {self.hint}"


class UsageError(AsynccleanError):
    """What was asked cannot be done as it was asked."""

    exit_status = 2


class MissingExtraError(UsageError):
    """An optional part of the package is needed and not installed."""

    def __init__(self, what: str, *, extra: str) -> None:
        super().__init__(
            f"{what} needs the extra {extra!r}.",
            hint=f"Install it with: pip install 'asyncclean[{extra}]'",
        )
        self.extra = extra


class InputError(AsynccleanError):
    """A local file cannot be read as what it claims to be.

    Attributes:
        path: the file. line: 1-based line in it, or None. column: the header at fault, or None.
    """

    def __init__(
        self,
        path: str | PathLike[str],
        reason: str,
        *,
        line: int | None = None,
        column: str | None = None,
        hint: str = "",
    ) -> None:
        where = str(path)
        if line is not None:
            where += f", line {line:,}"
        if column is not None:
            where += f", column {column!r}"
        super().__init__(f"{where}: {reason}", hint=hint)
        self.path = path
        self.reason = reason
        self.line = line
        self.column = column


class OutputError(AsynccleanError):
    """A local file cannot be written."""

    def __init__(self, path: str | PathLike[str], reason: str, *, hint: str = "") -> None:
        super().__init__(f"{path}: {reason}", hint=hint)
        self.path = path
        self.reason = reason


class JournalError(AsynccleanError):
    """An unfinished run does not fit this command: another input, other options."""


class VerificationError(AsynccleanError):
    """Two figures that must agree do not."""

    def __init__(self, what: str, *, expected: object, found: object, hint: str = "") -> None:
        super().__init__(f"{what}: expected {expected}, found {found}.", hint=hint)
        self.what = what
        self.expected = expected
        self.found = found


class TooManyRejectsError(AsynccleanError):
    """More records were rejected than the caller allows."""

    def __init__(self, rejected: int, *, limit: str, hint: str = "") -> None:
        super().__init__(f"{rejected:,} records rejected, more than the limit of {limit}.", hint=hint)
        self.rejected = rejected
        self.limit = limit


class AuthError(AsynccleanError):
    """No token could be had, or the service refuses it."""


class RequestError(AsynccleanError):
    """A request failed for good.

    Attributes:
        method, path: what was asked. status: the HTTP status, or None without an answer.
        reason: why it failed. attempts: how often it was tried.
        title, detail, fields: the service's problem details (RFC 9457); ``fields`` is its
            ``errors`` object, messages by field. The sentence has the first few fields, and the
            beginning of what is long.
    """

    def __init__(
        self,
        reason: str,
        *,
        method: str,
        path: str,
        status: int | None = None,
        attempts: int = 1,
        title: str = "",
        detail: str = "",
        fields: Mapping[str, Sequence[str]] | None = None,
        hint: str = "",
    ) -> None:
        self.reason = reason
        self.method = method
        self.path = path
        self.status = status
        self.attempts = attempts
        self.title = title
        self.detail = detail
        self.fields = dict(fields or {})
        sentence = f"{method} {path}: {reason}"
        if status is not None:
            sentence += f" (status {status})"
        if attempts > 1:
            sentence += f" after {attempts} attempts"
        for said in (shortened(title), shortened(detail)):
            if said and said not in sentence:
                sentence += f"; {said}"
        told = sentence
        for field, messages in islice(self.fields.items(), TOLD_FIELDS):
            if (said := shortened(", ".join(messages))) not in told:
                sentence += f"; {shortened(field, TOLD_NAME)}: {said}"
        if (more := len(self.fields) - TOLD_FIELDS) > 0:
            sentence += f"; and {more:,} more"
        super().__init__(sentence.rstrip(".") + ".", hint=hint)


class ConnectError(RequestError):
    """No answer came: refused, reset, timed out, or the name is unknown."""


class ProtocolError(RequestError):
    """An answer came that is not what the service promises."""


class NotFoundError(RequestError):
    """The service knows no such thing (404)."""


class RejectedError(RequestError):
    """The service refuses the request (4xx); repeating it would not help."""


class ServiceError(RequestError):
    """The service kept failing or throttling (5xx, 429) through every attempt."""


class JobError(AsynccleanError):
    """A job did not end well. Attributes: ``job``, its name; ``reason``, the service's words."""

    def __init__(self, job: str, sentence: str, *, reason: str = "", hint: str = "") -> None:
        super().__init__(f"Job {job!r} {sentence}{': ' + shortened(reason) if reason else '.'}", hint=hint)
        self.job = job
        self.reason = reason


class JobFailedError(JobError):
    """The service says that the job failed."""


class JobCancelledError(JobError):
    """The service says that the job was cancelled."""


class JobWaitTimeoutError(JobError):
    """The caller's time-out for waiting passed; the job itself goes on."""


@contextmanager
def unwrapped() -> Iterator[None]:
    """Turn the exception group of a task group into the one error that tells why.

    That is the first of, in this order: an interruption from outside (KeyboardInterrupt, SystemExit), an
    error of this tree that is no request's (it is about something nearer than the service), a request's,
    any other, a cancellation. What else went wrong is kept as notes (``__notes__``).
    """
    try:
        yield
    except BaseExceptionGroup as group:
        first, *others = sorted(_leaves(group), key=_rank)
        said = {str(first)}
        for other in others:
            if str(other) not in said:
                said.add(str(other))
                first.add_note(f"Also: {type(other).__name__}: {other}")
        raise first from first.__cause__


def _leaves(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error)
        else:
            yield error


def _rank(error: BaseException) -> int:
    match error:
        case RequestError():
            return 2
        case AsynccleanError():
            return 1
        case Exception():
            return 3
        case CancelledError():
            return 4
        case _:
            return 0
