"""Who may ask: OAuth 2.0 client credentials (RFC 6749, 4.4) and the bearer tokens that come of them.

Knows secrets, and never shows one. A token is a client's name and an end, signed with a key that is kept in
the store: it outlives a restart of the server, but not a change of its client's secret.
"""

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote_plus

from aiohttp import BasicAuth, web
from aiohttp.typedefs import Handler, Middleware

from asyncclean.server.bodies import Bodies
from asyncclean.server.problems import Problem

SCOPE = "BatchApi"
TOKEN_PATH = "/connect/token"  # noqa: S105  a path
DISCOVERY_PATH = "/.well-known/openid-configuration"

LIFETIME_S = 3600
"""How long a token is good for, in seconds."""

MAX_FORM = 16 << 10
"""Most bytes of a request for a token."""


@dataclass(slots=True)
class Gate:
    """Checks credentials and tokens. ``credentials``: secrets by client id; ``clock``: seconds since 1970."""

    credentials: Mapping[str, str] = field(repr=False)
    key: bytes = field(default=b"", repr=False)
    clock: Callable[[], float] = time.time

    def knows(self, client: str, secret: str) -> bool:
        """Whether that is the client's secret; takes as long for a client that is not there."""
        expected = self.credentials.get(client)
        # Digests, as comparing takes longer for longer texts.
        same = hmac.compare_digest(_digest(expected or ""), _digest(secret))
        return same and expected is not None

    def token(self, client: str) -> str:
        """A new token for a client that is known."""
        claim = f"{int(self.clock()) + LIFETIME_S}.{client}".encode()
        return f"{_encode(claim)}.{_encode(self._signature(client, claim))}"

    def admits(self, token: str) -> bool:
        """Whether the token is one of ours, and still good."""
        try:
            claim, signature = (_decode(part) for part in token.split("."))
            ends, client = claim.decode().split(".", 1)
            deadline = int(ends)
        except (ValueError, binascii.Error):
            return False
        if client not in self.credentials:
            return False
        return hmac.compare_digest(signature, self._signature(client, claim)) and self.clock() < deadline

    def _signature(self, client: str, claim: bytes) -> bytes:
        # The secret takes part, so that tokens end with it.
        key = hmac.digest(self.key, self.credentials[client].encode(), "sha256")
        return hmac.digest(key, claim, "sha256")


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def guard(gate: Gate, public: frozenset[str]) -> Middleware:
    """The middleware that asks for a token on every path but the ``public`` ones."""

    @web.middleware
    async def require_token(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path in public:
            return await handler(request)
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        if kind.lower() != "bearer" or not token:
            raise Problem(401, "A bearer token is needed.", headers={"WWW-Authenticate": "Bearer"})
        if not gate.admits(token.strip()):
            challenge = 'Bearer error="invalid_token"'
            raise Problem(
                401, "The token is not valid any more, or never was.", headers={"WWW-Authenticate": challenge}
            )
        return await handler(request)

    return require_token


def routes(gate: Gate, bodies: Bodies) -> list[web.RouteDef]:
    """The token endpoint and the discovery document."""

    async def give_token(request: web.Request) -> web.Response:
        _check_there_are_any(gate)
        async with bodies.read(request, MAX_FORM, media="application/x-www-form-urlencoded") as body:
            try:
                form = dict(parse_qsl(body.decoded().decode(), keep_blank_values=True, max_num_fields=20))
            except ValueError:
                return _refusal("invalid_request", "The body is not a form.")
        if form.get("grant_type") != "client_credentials":
            return _refusal("unsupported_grant_type", "The grant_type must be client_credentials.")
        client = next(
            (client for client, secret in _claims(request, form) if gate.knows(client, secret)), None
        )
        if client is None:
            return _refusal("invalid_client", "The client or its secret is not known.", status=401)
        if SCOPE not in form.get("scope", SCOPE).split():
            return _refusal("invalid_scope", f"The scope must be {SCOPE}.")
        answer = {
            "access_token": gate.token(client),
            "token_type": "Bearer",
            "expires_in": LIFETIME_S,
            "scope": SCOPE,
        }
        return web.json_response(answer, headers=_UNCACHED)

    async def discover(request: web.Request) -> web.Response:
        _check_there_are_any(gate)
        issuer = str(request.url.origin())
        return web.json_response(
            {
                "issuer": issuer,
                "token_endpoint": issuer + TOKEN_PATH,
                "grant_types_supported": ["client_credentials"],
                "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
                "scopes_supported": [SCOPE],
                "response_types_supported": [],
            }
        )

    return [web.post(TOKEN_PATH, give_token), web.get(DISCOVERY_PATH, discover, allow_head=False)]


def _check_there_are_any(gate: Gate) -> None:
    if not gate.credentials:
        raise Problem(404, "This server gives no tokens and asks for none: it has no credentials.")


_UNCACHED = {"Cache-Control": "no-store"}


def _refusal(error: str, description: str, status: int = 400) -> web.Response:
    """As RFC 6749 (5.2) has it, which is older than problem details."""
    headers = _UNCACHED | ({"WWW-Authenticate": 'Basic realm="asyncclean"'} if status == 401 else {})
    body = {"error": error, "error_description": description}
    return web.json_response(body, status=status, headers=headers)


def _claims(request: web.Request, form: Mapping[str, str]) -> list[tuple[str, str]]:
    """Who the client says it is: (id, secret), in each way that it can be read."""
    header = request.headers.get("Authorization")
    if header is None:
        return [(form.get("client_id", ""), form.get("client_secret", ""))]
    try:
        basic = BasicAuth.decode(header, encoding="utf-8")
    except ValueError:
        return []
    # The standard wants both form-encoded first; many clients do not do so.
    return [(unquote_plus(basic.login), unquote_plus(basic.password)), (basic.login, basic.password)]
