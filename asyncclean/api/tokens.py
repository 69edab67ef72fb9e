"""Bearer tokens: where they come from, how long they serve. Knows OAuth 2.0; shows no secret to anyone."""

import math
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import anyio
import orjson
from yarl import URL

from asyncclean.api import address
from asyncclean.api.wire import Answer
from asyncclean.errors import AsynccleanError, AuthError, UsageError, shortened

SCOPE = "BatchApi"
"""The scope that the service's guide names."""

MARGIN_S = 60.0
MARGIN_SHARE = 0.1
"""A token is renewed 60 s before it expires, or a tenth of its life before, whichever is later."""

RENEW_AGAIN_S = 10.0
"""After a renewal ahead of time failed, the old token, still good, serves this long before the next try."""

CREDENTIALS_HINT = "Set ASYNCCLEAN_CLIENT_ID and ASYNCCLEAN_CLIENT_SECRET, or ASYNCCLEAN_TOKEN."
_TOKEN = re.compile(r"[\x21-\x7e]+")
_SECRET = "***"  # noqa: S105  what is shown in a secret's place


@dataclass(frozen=True, slots=True)
class Auth:
    """How to prove who is asking: with a ``token``, with client credentials, or not at all.

    ``client_id`` and ``client_secret`` go to ``token_url``, or to the token endpoint that ``issuer``
    publishes under /.well-known/openid-configuration, in a document that must name the same issuer. Raises
    UsageError for half of anything.
    """

    token: str | None = field(default=None, repr=False)
    client_id: str | None = None
    client_secret: str | None = field(default=None, repr=False)
    token_url: str | None = None
    issuer: str | None = None
    scope: str = SCOPE

    def __post_init__(self) -> None:
        if self.token is not None:
            if self.client_id or self.client_secret:
                raise UsageError("Both a token and client credentials are given.", hint="Give one of them.")
            if not _TOKEN.fullmatch(self.token.strip()):
                raise UsageError(
                    "The token is empty or holds characters that no token holds.",
                    hint="Check ASYNCCLEAN_TOKEN.",
                )
            return
        if bool(self.client_id) != bool(self.client_secret):
            missing = "client secret" if self.client_id else "client id"
            raise UsageError(f"The {missing} is missing.", hint=CREDENTIALS_HINT)
        if self.client_id and not (self.token_url or self.issuer):
            raise UsageError(
                "There is no address to get a token from.",
                hint="Set ASYNCCLEAN_ISSUER or ASYNCCLEAN_TOKEN_URL.",
            )

    @property
    def has_secrets(self) -> bool:
        """Whether there is anything that must not be read on the way."""
        return self.token is not None or bool(self.client_id)

    def masked(self, text: str) -> str:
        """A text from outside, without the secrets that it may quote."""
        for secret in (self.token, self.client_secret):
            if secret:
                text = text.replace(secret, _SECRET)
        return text


@dataclass(frozen=True, slots=True)
class Refusal:
    """No token came. ``answer``: what was said, if anything."""

    error: AsynccleanError
    answer: Answer | None = None


class Fetch(Protocol):
    """Sends a request without a token, with the retries that any other has: a form by POST, or a GET."""

    def __call__(self, url: URL, form: Mapping[str, str] | None = None) -> Awaitable[Answer | Refusal]: ...


@dataclass(frozen=True, slots=True)
class _Token:
    """``renew_at`` and ``expires_at`` on the monotonic clock; infinity when the server does not say."""

    value: str
    renew_at: float = math.inf
    expires_at: float = math.inf


class Tokens:
    """The token of one connection. However many requests wait for a new one, one of them asks for it."""

    def __init__(
        self,
        auth: Auth,
        fetch: Fetch,
        *,
        insecure_http: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._auth = auth
        self._fetch = fetch
        self._insecure_http = insecure_http
        self._clock = clock
        self._asking = anyio.Lock()
        self._answers = 0
        self._failure: AuthError | None = None
        self._endpoint = self._given(auth.token_url, "The token URL") if auth.token_url else None
        self._issuer = self._given(auth.issuer, "The issuer") if auth.issuer else None
        self._token = _Token(auth.token.strip()) if auth.token else None

    def _given(self, url: str, what: str) -> URL:
        parsed = address.parse(url, what=what)
        if self._auth.client_id:
            address.require_safe(parsed, what=what, insecure_http=self._insecure_http)
        return parsed

    async def current(self) -> str | None:
        """The token to send now, or None where none is needed. Raises AuthError when none is to be had."""
        token = self._token
        if token is None:
            return await self._another(None) if self._auth.client_id else None
        now = self._clock()
        if now < token.renew_at:
            return token.value
        if now < token.expires_at:
            return await self._ahead_of_time(token)
        return await self._another(token)

    async def renew(self, refused: str | None) -> bool:
        """A request with this token was answered 401: whether there is another to try. Raises AuthError."""
        if not self._auth.client_id:
            return False
        if self._token is not None and self._token.value == refused:
            await self._another(self._token)
        return True

    async def _ahead_of_time(self, token: _Token) -> str:
        """A new token if one comes; while another request asks, or if none comes, the old one serves."""
        if self._asking.locked():
            return token.value
        try:
            return await self._another(token)
        except AuthError:
            self._token = _Token(token.value, self._clock() + RENEW_AGAIN_S, token.expires_at)
            return token.value

    async def _another(self, old: _Token | None) -> str:
        """A token other than the old one. Those who wait together share what the first of them gets.

        Whoever holds the lock asks. One that is cancelled lets go of it, and the next in line asks instead.
        """
        answers = self._answers
        async with self._asking:
            if self._token is not None and self._token is not old:
                return self._token.value
            if self._answers != answers and self._failure is not None:
                raise AuthError(self._failure.message, hint=self._failure.hint)
            try:
                self._token = await self._ask()
                self._failure = None
            except AuthError as error:
                self._failure = error
                raise
            finally:
                self._answers += 1
            return self._token.value

    async def _ask(self) -> _Token:
        endpoint = self._endpoint or await self._discover()
        auth = self._auth
        asked_at = self._clock()
        form = {
            "grant_type": "client_credentials",
            "client_id": auth.client_id or "",
            "client_secret": auth.client_secret or "",
            "scope": auth.scope,
        }
        answer = await self._fetch(endpoint, form)
        if isinstance(answer, Refusal):
            raise self._refused(endpoint, answer) from answer.error
        said = _read_object(answer.body)
        value = said.get("access_token")
        if not isinstance(value, str) or not _TOKEN.fullmatch(value):
            raise AuthError(f"{endpoint} answered without a token.", hint="Check ASYNCCLEAN_TOKEN_URL.")
        life = lifetime(said.get("expires_in"))
        margin = min(MARGIN_S, life * MARGIN_SHARE) if life < math.inf else 0.0
        return _Token(value, asked_at + life - margin, asked_at + life)

    async def _discover(self) -> URL:
        assert self._issuer is not None
        document = address.join(self._issuer, "/.well-known/openid-configuration")
        answer = await self._fetch(document)
        if isinstance(answer, Refusal):
            raise self._refused(document, answer) from answer.error
        said = _read_object(answer.body)
        self._check_issuer(document, said.get("issuer"))
        found = said.get("token_endpoint")
        if not isinstance(found, str):
            raise AuthError(f"{document} names no token endpoint.", hint="Check ASYNCCLEAN_ISSUER.")
        try:
            endpoint = URL(found)
            safe = endpoint.scheme in ("http", "https") and bool(endpoint.host) and endpoint.user is None
        except ValueError:
            safe = False
        if not safe:
            raise AuthError(f"{document} names a token endpoint that is no URL.")
        if not self._insecure_http and not address.may_carry_secrets(endpoint):
            raise AuthError(
                f"{document} names a token endpoint with plain http ({endpoint}).", hint=address.INSECURE_HINT
            )
        self._endpoint = endpoint
        return endpoint

    def _check_issuer(self, document: URL, said: object) -> None:
        """See that a discovery document is that of the issuer asked for (OpenID Connect Discovery 1.0, 4.3).

        Else whoever answers there could have the secret sent to a server that it is not meant for.
        """
        assert self._issuer is not None
        asked = str(self._issuer)
        hint = "Check ASYNCCLEAN_ISSUER, or name the token endpoint itself with ASYNCCLEAN_TOKEN_URL."
        if not isinstance(said, str):
            raise AuthError(f"{document} names no issuer; asked for was the issuer {asked!r}.", hint=hint)
        if not _is_issuer(said, self._issuer):
            quoted = shortened(self._auth.masked(said))
            raise AuthError(f"{document} is that of {quoted!r}, not of the issuer {asked!r}.", hint=hint)

    def _refused(self, url: URL, refusal: Refusal) -> AuthError:
        said = _read_object(refusal.answer.body) if refusal.answer else {}
        words = [word for key in ("error", "error_description") if isinstance(word := said.get(key), str)]
        if not words:
            return AuthError(f"No token: {self._auth.masked(refusal.error.message)}", hint=refusal.error.hint)
        quoted = self._auth.masked(": ".join(words))[:500]
        return AuthError(f"{url} refuses the credentials: {quoted.rstrip('.')}.", hint=CREDENTIALS_HINT)


def lifetime(expires_in: object) -> float:
    """Seconds that a token serves, from ``expires_in``; infinity when that says nothing usable.

    A token that then turns out to be too old is answered 401 and renewed all the same.
    """
    if isinstance(expires_in, bool) or not isinstance(expires_in, int | float | str):
        return math.inf
    try:
        seconds = float(expires_in)
    except (ValueError, OverflowError):
        return math.inf
    return seconds if seconds > 0 else math.inf


def _is_issuer(said: str, asked: URL) -> bool:
    """Whether an issuer as published is the one asked for, which ends without a slash.

    One slash more is no other issuer: people leave it out. Nor are capitals in the host.
    """
    try:
        found = URL(said)
        return _place(found) == _place(asked) and not (found.raw_query_string or found.raw_fragment)
    except ValueError:
        return False


def _place(url: URL) -> tuple[object, ...]:
    return url.scheme, url.raw_user, url.raw_host, url.port, url.raw_path.removesuffix("/")


def _read_object(body: bytes) -> Mapping[str, object]:
    try:
        said = orjson.loads(body)
    except (orjson.JSONDecodeError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}
