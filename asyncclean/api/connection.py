"""The one place that sends requests: token, attempts, pacing, errors. Knows no call of the service.

A request is made of attempts. Each has a permit of the limiter (if there is one) from just before it is
sent until it is answered; between two attempts the permit is given back.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlencode

import anyio
import orjson
from yarl import URL

from asyncclean.api import address
from asyncclean.api.compression import Compression, Encoding
from asyncclean.api.outcome import (
    Fail,
    Ok,
    Outcome,
    Retry,
    Unauthorised,
    judge_error,
    judge_response,
    unauthorised,
)
from asyncclean.api.pacing import Limiter
from asyncclean.api.retry import RetryPolicy, RetryQuota
from asyncclean.api.tokens import Auth, Refusal, Tokens
from asyncclean.api.wire import Answer, HttpWire, Timeouts, Wire
from asyncclean.errors import AsynccleanError, ProtocolError, RequestError
from asyncclean.events import Listener, Retried, ignore

__all__ = ["Answer", "Auth", "Connection", "Failure", "Timeouts"]

KNOWN_URLS = 256
"""How many URLs are kept, so that a block's is not built anew for each."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A request that failed for good. ``unsure``: the service may have done it all the same."""

    error: AsynccleanError
    unsure: bool = False
    answer: Answer | None = None


@dataclass(slots=True)
class _Call:
    """A request and what became of it so far."""

    method: str
    path: str
    url: URL
    body: Sequence[bytes] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    anonymous: bool = False
    attempt: int = 1
    unsure: bool = False
    renewed: bool = False
    begun: float = field(default_factory=time.monotonic)


class _Place:
    """A request's place in a limiter, held by it from its admission to its end, whatever that is."""

    def __init__(self, limiter: Limiter) -> None:
        self.limiter = limiter
        self._parked = False

    def park(self) -> None:
        self.limiter.park()
        self._parked = True

    async def resume(self) -> None:
        await self.limiter.resume()
        self._parked = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self._parked:
            self.limiter.leave()
        else:
            self.limiter.release()


class _NoPlace:
    """Of a request without a limiter."""

    limiter = None

    def park(self) -> None:
        pass

    async def resume(self) -> None:
        pass


class Connection:
    """A connection to the service at ``url``; an async context manager.

    ``timeouts``, ``retry``: see there. ``quota``: the retries of a whole run, shared by those who share it.
    ``compress``: the encoding of blocks' bodies. ``ca_file``: a private certificate authority (PEM) beside
    the system's. ``insecure_http``: credentials may go over plain http. ``listener`` is told of every
    retry. ``wire``: sends instead of the network.

    Raises UsageError for a URL that is none, or to which credentials must not go.
    """

    def __init__(
        self,
        url: str,
        *,
        auth: Auth = Auth(),
        timeouts: Timeouts | None = None,
        retry: RetryPolicy = RetryPolicy(),
        quota: RetryQuota | None = None,
        compress: Encoding | None = None,
        ca_file: Path | None = None,
        insecure_http: bool = False,
        listener: Listener = ignore,
        wire: Wire | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.base = address.parse(url)
        if auth.has_secrets:
            address.require_safe(self.base, what="The service's URL", insecure_http=insecure_http)
        self.listener = listener
        self.compression = Compression(compress)
        self.retries = 0
        self._auth = auth
        self._retry = retry
        self._quota = quota or RetryQuota()
        self._wire = wire or HttpWire(timeouts or Timeouts(), ca_file)
        self._clock = clock
        self._tokens = Tokens(auth, self._fetch, insecure_http=insecure_http, clock=clock)
        self._urls: dict[str, URL] = {}
        self._reached = False

    async def __aenter__(self) -> Self:
        await self._wire.open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with anyio.CancelScope(shield=True):
            await self._wire.close()

    async def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str | int] | None = None,
        json: object = None,
        body: bytes | Sequence[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
        limiter: Limiter | None = None,
        admitted: bool = False,
    ) -> Answer:
        """The answer to a request, once it is a good one.

        ``path`` begins with a slash and is percent-encoded. ``body``: JSON as bytes, in one or more parts.
        ``admitted``: the caller holds a permit of ``limiter`` for the first attempt; whatever happens, it
        is given back.

        Raises ConnectError, ProtocolError, NotFoundError, RejectedError, ServiceError or AuthError.
        """
        result = await self.send(
            method,
            path,
            params=params,
            json=json,
            body=body,
            headers=headers,
            limiter=limiter,
            admitted=admitted,
        )
        if isinstance(result, Failure):
            raise result.error
        return result

    async def send(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str | int] | None = None,
        json: object = None,
        body: bytes | Sequence[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
        limiter: Limiter | None = None,
        admitted: bool = False,
    ) -> Answer | Failure:
        """Like `request`, for those who look into a failure instead of raising it. Raises AuthError only."""
        if json is not None:
            body = orjson.dumps(json)
        call = _Call(
            method,
            path,
            self._url(path) if params is None else address.join(self.base, path, params),
            (body,) if isinstance(body, bytes) else body or (),
            headers or {},
        )
        return await self._attempts(call, limiter, admitted=admitted)

    def _url(self, path: str) -> URL:
        url = self._urls.get(path)
        if url is None:
            if len(self._urls) >= KNOWN_URLS:
                self._urls.clear()
            url = self._urls[path] = address.join(self.base, path)
        return url

    async def _fetch(self, url: URL, form: Mapping[str, str] | None = None) -> Answer | Refusal:
        """What `Tokens` asks for: without a token, without a limiter."""
        call = _Call(
            "GET" if form is None else "POST",
            str(url),
            url,
            () if form is None else (urlencode(form).encode(),),
            {"Accept": "application/json"}
            | ({} if form is None else {"Content-Type": "application/x-www-form-urlencoded"}),
            anonymous=True,
        )
        result = await self._attempts(call, None)
        return Refusal(result.error, result.answer) if isinstance(result, Failure) else result

    async def _attempts(
        self, call: _Call, limiter: Limiter | None, *, admitted: bool = False
    ) -> Answer | Failure:
        if limiter is None:
            return await self._attempts_in(call, _NoPlace())
        if not admitted:
            await limiter.acquire()
        with _Place(limiter) as place:
            return await self._attempts_in(call, place)

    async def _attempts_in(self, call: _Call, place: "_Place | _NoPlace") -> Answer | Failure:
        while True:
            token = None if call.anonymous else await self._tokens.current()
            outcome, answer = await self._attempt(call, token, place.limiter)
            if isinstance(outcome, Ok) and answer is not None:
                if call.attempt == 1:
                    self._quota.refund()
                return answer
            place.park()
            failure = await self._after(call, token, outcome, answer, paced=place.limiter is not None)
            if failure is not None:
                return failure
            await place.resume()

    async def _attempt(
        self, call: _Call, token: str | None, limiter: Limiter | None
    ) -> tuple[Outcome, Answer | None]:
        """Send once, judge once, and let the limiter know."""
        headers = call.headers if token is None else {**call.headers, "Authorization": f"Bearer {token}"}
        begun = self._clock()
        answer = None
        outcome: Outcome
        try:
            answer = await self._wire.send(call.method, call.url, headers, call.body)
        except Exception as error:
            outcome = judge_error(error)
        else:
            self._reached = True
            outcome = judge_response(
                answer.status, answer.headers, answer.body, wants_json=call.method == "GET"
            )
        if limiter is not None:
            if isinstance(outcome, Ok):
                limiter.succeeded(self._clock() - begun)
            elif isinstance(outcome, Retry) and outcome.overload:
                limiter.pushed_back(
                    refused=outcome.status == 429,
                    retry_after=self._gate(outcome),
                    rtt=self._clock() - begun,
                )
        return outcome, answer

    def _gate(self, outcome: Retry) -> float | None:
        """How long all senders must wait; a wait that is too long ends the run instead."""
        after = outcome.after
        return after if after is not None and after <= self._retry.longest_retry_after_s else None

    async def _after(
        self, call: _Call, token: str | None, outcome: Outcome, answer: Answer | None, *, paced: bool
    ) -> Failure | None:
        """What follows on an attempt that did not succeed; None: another, after what it takes."""
        # There are three cases: the token was refused, once; it is worth another attempt; it is not.
        if isinstance(outcome, Unauthorised):
            error = unauthorised(call.method, call.path, outcome.problem)
            if call.anonymous or call.renewed or not await self._tokens.renew(token):
                return Failure(error, call.unsure, answer)
            call.renewed = True
            return None
        if isinstance(outcome, Retry):
            call.unsure = call.unsure or outcome.unsure
            delay = self._delay(call, outcome, paced=paced)
            if delay is not None:
                self.retries += 1
                self.listener(Retried(call.method, call.path, outcome.reason, call.attempt, delay))
                call.attempt += 1
                await anyio.sleep(delay)
                return None
        assert isinstance(outcome, Retry | Fail)
        return Failure(self._error(call, outcome), call.unsure, answer)

    def _delay(self, call: _Call, outcome: Retry, *, paced: bool) -> float | None:
        slow = outcome.overload or outcome.unreachable
        if outcome.unreachable and not self._reached and call.attempt >= self._retry.first_contact_attempts:
            return None
        # A limiter spaces those who come back after a 429 by itself; all others are spread out.
        spread = not (paced and outcome.status == 429)
        delay = self._retry.delay(call.attempt, throttled=slow, retry_after=outcome.after, spread=spread)
        if delay is None:
            return None
        delay += self._quota.spend(throttled=slow)
        return delay if self._clock() - call.begun + delay <= self._retry.total_s else None

    def _error(self, call: _Call, outcome: Retry | Fail) -> RequestError:
        reason, hint = outcome.reason, outcome.hint
        after = outcome.after if isinstance(outcome, Retry) else None
        if after is not None and after > self._retry.longest_retry_after_s:
            at = datetime.now(UTC) + timedelta(seconds=min(after, 1e9))
            reason += f", and wants none before {at:%Y-%m-%d %H:%M:%S} UTC"
            hint = "The same command goes on where it stopped, from then on."
        problem, masked = outcome.problem, self._auth.masked
        return outcome.error(
            masked(reason),
            method=call.method,
            path=call.path,
            status=outcome.status,
            attempts=call.attempt,
            title=masked(problem.title),
            detail=masked(problem.detail),
            fields={field: tuple(map(masked, said)) for field, said in problem.fields.items()},
            hint=hint,
        )

    def garbage(self, method: str, path: str, why: str) -> ProtocolError:
        """The error for an answer that came whole and makes no sense."""
        return ProtocolError(why, method=method, path=path, hint="Check the service's URL.")
