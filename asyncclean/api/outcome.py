"""Judges one attempt, once: `Ok`, `Retry` or `Fail`. Retrying and pacing share the verdict. Pure."""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp
import orjson

from asyncclean.api.models import NO_PROBLEM, Problem
from asyncclean.api.retry import parse_retry_after
from asyncclean.api.wire import MAX_ANSWER, AnswerTooLargeError
from asyncclean.errors import (
    AuthError,
    ConnectError,
    NotFoundError,
    ProtocolError,
    RejectedError,
    RequestError,
    ServiceError,
    shortened,
)

RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Statuses that another attempt may mend; every other 4xx is the caller's to mend."""

THROTTLED = frozenset({429, 503})
"""Statuses by which a service asks for less."""


@dataclass(frozen=True, slots=True)
class Ok:
    """The attempt succeeded."""


@dataclass(frozen=True, slots=True)
class Retry:
    """The attempt failed in a way that passes. ``after``: the service's own wish, in seconds.

    ``overload``: too much was asked (429, 503, time-out). ``unsure``: the service may have done it.
    ``unreachable``: there was not even a connection.
    """

    reason: str
    error: type[RequestError]
    after: float | None = None
    status: int | None = None
    overload: bool = False
    unsure: bool = False
    unreachable: bool = False
    problem: Problem = NO_PROBLEM
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Fail:
    """The attempt failed for good."""

    reason: str
    error: type[RequestError]
    status: int | None = None
    problem: Problem = NO_PROBLEM
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Unauthorised:
    """The token is refused (401): worth one more with a new one."""

    problem: Problem


CHECK_URL = "Check --url, and that the service runs."
NOT_THE_SERVICE = "Check --url: something else than the service seems to answer there."

Outcome = Ok | Retry | Fail | Unauthorised


def judge_response(status: int, headers: Mapping[str, str], body: bytes, *, wants_json: bool) -> Outcome:
    """The verdict on an answer whose body came in whole.

    ``wants_json``: the answer is going to be read, so it must be JSON. One that nobody reads must at least
    not be a page of HTML: something else than the service has answered then, and nothing was done.
    """
    if 200 <= status < 300:
        if looks_like_json(body) if wants_json else body[:64].lstrip()[:1] != b"<":
            return Ok()
        reason = "the answer is not JSON" if body else "the answer is empty"
        return Retry(reason, ProtocolError, status=status, unsure=True, hint=NOT_THE_SERVICE)
    problem = read_problem(body)
    if status in RETRIED:
        return Retry(
            _reason(status),
            ServiceError,
            after=parse_retry_after(headers.get("Retry-After")),
            status=status,
            overload=status in THROTTLED,
            unsure=status >= 500 and status != 503,
            problem=problem,
        )
    if status == 401:
        return Unauthorised(problem)
    if 300 <= status < 400:
        place = headers.get("Location", "")
        return Fail(
            f"the service redirects to {shortened(place.split('?')[0])!r}, which is not followed",
            ProtocolError,
            status,
            hint="Give the service's final address with --url.",
        )
    if status == 404:
        return Fail("not found", NotFoundError, status, problem)
    hints = {
        403: "These credentials may not do that: ask for the scope BatchApi.",
        413: "The service takes smaller bodies only: lower --max-block-bytes.",
    }
    error = RejectedError if 400 <= status < 500 else ServiceError
    return Fail(_reason(status), error, status, problem, hints.get(status, ""))


def judge_error(error: Exception) -> Retry | Fail:
    """The verdict on an attempt that brought no whole answer."""
    match error:
        case aiohttp.ClientConnectorCertificateError() | ssl.SSLCertVerificationError():
            return Fail(
                f"the service's certificate is not trusted: {_words(error)}",
                ConnectError,
                hint="For a private authority give its certificate with --ca-file.",
            )
        case AnswerTooLargeError():
            return Fail(f"the answer is longer than {MAX_ANSWER >> 20} MiB", ProtocolError)
        case aiohttp.InvalidURL():
            return Fail("the address is not valid", ConnectError, hint="Check --url.")
        case aiohttp.ClientConnectorDNSError():
            return Retry(
                f"the name is unknown ({error.host})", ConnectError, unreachable=True, hint=CHECK_URL
            )
        case aiohttp.ServerTimeoutError() | asyncio.TimeoutError():
            connecting = isinstance(error, aiohttp.ConnectionTimeoutError)
            reason = "no connection in time" if connecting else "no answer in time"
            return Retry(reason, ConnectError, overload=True, unsure=not connecting, unreachable=connecting)
        case aiohttp.ClientConnectorError():
            return Retry(f"no connection: {_words(error)}", ConnectError, unreachable=True, hint=CHECK_URL)
        case aiohttp.ClientPayloadError():
            return Retry("the answer was cut short", ConnectError, unsure=True)
        case aiohttp.ClientResponseError():
            return Retry(f"the answer is not HTTP: {shortened(error.message)}", ProtocolError, unsure=True)
        case aiohttp.ClientError() | OSError():
            return Retry(f"the connection was lost: {_words(error)}", ConnectError, unsure=True)
        case _:
            raise error


def unauthorised(method: str, path: str, problem: Problem) -> AuthError:
    """The error for a token that is refused even when it is new."""
    said = shortened(problem.detail or problem.title).rstrip(".")
    return AuthError(
        f"{method} {path}: the service refuses the credentials (status 401){': ' + said if said else ''}.",
        hint="Set ASYNCCLEAN_CLIENT_ID and ASYNCCLEAN_CLIENT_SECRET, or ASYNCCLEAN_TOKEN.",
    )


def looks_like_json(body: bytes) -> bool:
    """Whether a body begins and ends like a JSON object or array: HTML and cut bodies do not."""
    trimmed = body[:64].lstrip()[:1] + body[-64:].rstrip()[-1:]
    return trimmed in (b"{}", b"[]")


def read_problem(body: bytes) -> Problem:
    """The problem details in a body, or empty ones; never raises."""
    try:
        return Problem.from_json(orjson.loads(body))
    except (orjson.JSONDecodeError, RecursionError):
        return NO_PROBLEM


def _words(error: BaseException) -> str:
    inner = getattr(error, "os_error", None) or error
    text = getattr(inner, "strerror", None) or str(inner)
    return text or type(inner).__name__


def _reason(status: int) -> str:
    reasons = {
        400: "the service refuses the request",
        403: "the service forbids it",
        409: "it conflicts with what is there",
        413: "the body is too large for the service",
        429: "the service asks for fewer requests",
        500: "the service failed",
        502: "the service is not reached by its gateway",
        503: "the service is not available",
        504: "the service does not answer its gateway",
    }
    return reasons.get(status, "the service answered with an error")
