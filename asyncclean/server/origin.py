"""Keeps web pages away from a server that asks for no token. Knows headers only.

A page from anywhere can make a browser on this machine send requests to a loopback address. It gives itself
away by its Origin, or, where its name was made to point here (DNS rebinding), by the Host that it names.
"""

from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler

from asyncclean.server.problems import Problem
from asyncclean.server.replies import is_loopback


@web.middleware
async def only_from_here(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuses (421, 403) what names another host or comes from another site's page."""
    host = request.headers.get("Host", "")
    if host and not _names_here(host):
        raise Problem(
            421, f"This server is not {host!r}: without credentials it serves its own machine only."
        )
    origin = request.headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc != host:
        raise Problem(403, "Pages of other sites may not use this server.")
    return await handler(request)


def _names_here(host: str) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname
    except ValueError:
        return False
    return name == "localhost" or is_loopback(name)
