"""Where the service is and how to get in: flag > environment > profile > default.

Knows names of variables and of the profile file; knows nothing of what is done with the settings. A
profile file is TOML, by default ``~/.config/asyncclean/profiles.toml``:

    [production]
    url = "https://api.example.com"
    issuer = "https://auth.example.com"
    client_id = "me"
    client_secret_file = "~/.secrets/asyncclean"   # or client_secret, or keyring = true
    type_codes = { decimal = 2, bool = 3, datetime = 4 }
    job_states = { 0 = "queued", 1 = "running", 2 = "completed", 3 = "failed", 4 = "cancelled" }

Secrets never come from flags: a process's arguments can be read by others. A file that holds one must be
its owner's alone (mode 0600 or stricter).
"""

import os
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

from asyncclean.api.models import JOB_STATES, KIND_CODES, JobState
from asyncclean.errors import MissingExtraError, UsageError
from asyncclean.kinds import ALL_KINDS, ColumnKind

VARIABLES = {
    "url": "ASYNCCLEAN_URL",
    "issuer": "ASYNCCLEAN_ISSUER",
    "token_url": "ASYNCCLEAN_TOKEN_URL",
    "client_id": "ASYNCCLEAN_CLIENT_ID",
    "client_secret": "ASYNCCLEAN_CLIENT_SECRET",
    "token": "ASYNCCLEAN_TOKEN",
    "ca_file": "ASYNCCLEAN_CA_FILE",
}
"""Environment variables by setting."""

KEYRING_SERVICE = "asyncclean"
SECRETS = ("client_secret", "token")
REMOTE_TYPE_CODES: Mapping[ColumnKind, int] = {"text": 0, "int": 1}
"""The two codes that the service documents; other kinds go up as text unless a profile gives theirs."""

_TEXTS = dict.fromkeys((*VARIABLES, "client_secret_file", "token_file"), (str, "a text"))
_SWITCHES = dict.fromkeys(("keyring", "insecure_http"), (bool, "true or false"))
_TABLES = dict.fromkeys(("type_codes", "job_states"), (dict, "a table"))
_KNOWN: Mapping[str, tuple[type, str]] = {**_TEXTS, **_SWITCHES, **_TABLES}
"""What a profile can hold, and as what: TOML's ``"false"`` is a text, and would count as true."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How to reach a service. ``url`` None: the embedded one. Its repr shows no secret."""

    url: str | None = None
    issuer: str | None = None
    token_url: str | None = None
    client_id: str | None = None
    client_secret: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)
    ca_file: Path | None = None
    insecure_http: bool = False
    type_codes: Mapping[ColumnKind, int] = field(default_factory=lambda: dict(REMOTE_TYPE_CODES))
    job_states: Mapping[int, JobState] = field(default_factory=lambda: dict(JOB_STATES))

    @property
    def codes(self) -> Mapping[ColumnKind, int]:
        """The kinds that the service takes, with its codes: ``type_codes``; all of them if it is embedded."""
        return self.type_codes if self.url else KIND_CODES


def load(
    flags: Mapping[str, Any] | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    profile: str | None = None,
    profiles: Path | None = None,
) -> Settings:
    """The settings in force. ``flags``: those given on the command line; None values count as not given.

    Raises UsageError for an unknown profile, an unknown or odd setting, or a secret that others can read.
    """
    environ = os.environ if environ is None else environ
    path = (
        profiles
        or Path(environ.get("ASYNCCLEAN_PROFILES", "~/.config/asyncclean/profiles.toml")).expanduser()
    )
    chosen = _profile(path, profile or environ.get("ASYNCCLEAN_PROFILE"))
    values: dict[str, Any] = dict(chosen)
    # An empty variable counts as not set, as shells and containers often leave them.
    values |= {name: text for name, variable in VARIABLES.items() if (text := environ.get(variable))}
    values |= {name: value for name, value in (flags or {}).items() if value is not None}
    if values.get("ca_file"):
        values["ca_file"] = Path(values["ca_file"]).expanduser()
    return Settings(**_plain(values, path))


def _profile(path: Path, name: str | None) -> dict[str, Any]:
    if name is None:
        return {}
    try:
        profiles = tomllib.loads(path.read_text())
    except OSError as error:
        raise UsageError(f"The profile {name!r} cannot be read from {path}: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not valid TOML: {error}.") from error
    held = profiles.get(name)
    if not isinstance(held, dict):
        raise UsageError(f"{path} has no profile {name!r}.", hint=f"It has: {', '.join(profiles) or 'none'}.")
    if unknown := sorted(held.keys() - _KNOWN):
        raise UsageError(f"{path}, profile {name!r}: unknown setting {unknown[0]!r}.")
    for setting, value in held.items():
        kind, words = _KNOWN[setting]
        if not isinstance(value, kind):
            raise UsageError(f"{path}, profile {name!r}: {setting} must be {words}.")
    if any(secret in held for secret in SECRETS):
        _check_private(path)
    for secret in SECRETS:
        if file := held.pop(f"{secret}_file", None):
            held[secret] = _read_secret(Path(file).expanduser())
    if held.pop("keyring", False):
        held["client_secret"] = _from_keyring(held.get("client_id") or name)
    return held


def _check_private(path: Path) -> None:
    mode = path.stat().st_mode
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise UsageError(
            f"{path} holds a secret and others can read it (mode {stat.S_IMODE(mode):04o}).",
            hint=f"Run: chmod 600 {path}",
        )


def _read_secret(path: Path) -> str:
    try:
        _check_private(path)
        return path.read_text().strip()
    except OSError as error:
        raise UsageError(f"The secret in {path} cannot be read: {error.strerror}.") from error


def _from_keyring(name: str) -> str:
    try:
        import keyring  # noqa: PLC0415  an extra
    except ImportError as error:
        raise MissingExtraError("A secret from the system's keyring", extra="keyring") from error
    secret = keyring.get_password(KEYRING_SERVICE, name)
    if secret is None:
        raise UsageError(
            f"The keyring holds no secret for {name!r}.", hint=f"Run: keyring set {KEYRING_SERVICE} {name}"
        )
    return str(secret)


def _plain(values: dict[str, Any], path: Path) -> dict[str, Any]:
    """Check the two tables of a profile, whose keys TOML gives as text."""
    if (codes := values.get("type_codes")) is not None:
        if codes.keys() - ALL_KINDS or not all(type(code) is int for code in codes.values()):
            raise UsageError(f"{path}: type_codes gives whole numbers for {', '.join(sorted(ALL_KINDS))}.")
        values["type_codes"] = {**REMOTE_TYPE_CODES, **codes}
    if (states := values.get("job_states")) is not None:
        known = get_args(JobState)
        if not all(key.isdecimal() and state in known for key, state in states.items()):
            raise UsageError(f"{path}: job_states gives a meaning ({', '.join(known)}) for each status code.")
        values["job_states"] = {int(key): state for key, state in states.items()}
    return values
