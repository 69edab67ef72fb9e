"""Where the service is, and whether a secret may go there. Pure: knows URLs; sends nothing."""

import ipaddress
from collections.abc import Mapping
from urllib.parse import quote, urlencode, urlsplit

from yarl import URL

from asyncclean.errors import UsageError

INSECURE_HINT = "Use https, or allow it with --insecure-http where the network in between is your own."


def parse(url: str, *, what: str = "The service's URL") -> URL:
    """The address as given, without a slash at its end.

    Raises UsageError unless it is http(s) with a host, and without a user, a query or a fragment.
    """
    try:
        parts = urlsplit(url.strip())
        parsed = URL(url.strip())
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise UsageError(f"{what} is not a URL.", hint="It looks like https://api.example.com") from None
    if parts.scheme not in ("http", "https") or not host:
        shown = url if "@" not in url else "as given"
        raise UsageError(
            f"{what} ({shown}) is not an http or https URL.", hint="It looks like https://api.example.com"
        )
    if parts.username is not None or parts.password is not None:
        raise UsageError(
            f"{what} holds a user name or password.",
            hint="Set ASYNCCLEAN_CLIENT_ID and ASYNCCLEAN_CLIENT_SECRET, or ASYNCCLEAN_TOKEN, instead.",
        )
    if parts.query or parts.fragment:
        raise UsageError(f"{what} ({url}) holds a query or a fragment.", hint="Give it without.")
    return parsed.with_path(parsed.path.rstrip("/"))


def may_carry_secrets(url: URL) -> bool:
    """Whether what goes there cannot be read on the way: https, or a host that is this machine."""
    return url.scheme == "https" or is_loopback(url.host or "")


def is_loopback(host: str) -> bool:
    """Whether a host, as it stands in a URL, is this machine: localhost, 127.0.0.0/8 or ::1."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def require_safe(url: URL, *, what: str, insecure_http: bool) -> None:
    """Raises UsageError when credentials would go over plain http to another machine."""
    if not insecure_http and not may_carry_secrets(url):
        raise UsageError(f"{what} ({url}) would get the credentials over plain http.", hint=INSECURE_HINT)


def segment(name: str) -> str:
    """A name as one segment of a path: whatever it holds, it leads nowhere else.

    Raises UsageError for an empty name, which would be another call.
    """
    if not name:
        raise UsageError("A name is empty.", hint="Give the dataset's or the job's name.")
    try:
        quoted = quote(name, safe="")
    except UnicodeEncodeError:
        raise UsageError(f"The name {name!r} is not valid text.", hint="Use other characters.") from None
    return quoted.replace(".", "%2E") if not quoted.strip(".") else quoted


def join(base: URL, path: str, params: Mapping[str, str | int] | None = None) -> URL:
    """The URL of a call. ``path`` begins with a slash and is percent-encoded already."""
    query = f"?{urlencode(params)}" if params else ""
    return URL(f"{base.scheme}://{base.raw_authority}{base.raw_path.rstrip('/')}{path}{query}", encoded=True)
