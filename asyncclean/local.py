"""The embedded server as a client and the command line start it. Knows that it is an optional part.

The server is imported only when it is asked for: it and the cleansing libraries are the extra ``local``.
"""

import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

from asyncclean.errors import MissingExtraError
from asyncclean.server.folder import discard, is_in_use

__all__ = ["discard", "is_in_use", "service", "serving"]


def serving(
    data: Path,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    credentials: Mapping[str, str] | None = None,
    workers: int | None = None,
) -> AbstractAsyncContextManager[str]:
    """Serve ``data`` in this process and on this event loop; yields the URL.

    ``port`` 0 takes a free one. ``credentials``: secrets by client id. Raises MissingExtraError, UsageError
    for an address that is not this machine's own without credentials.
    """
    try:
        from asyncclean.server.embedded import running  # noqa: PLC0415  an extra
    except ImportError as error:
        raise MissingExtraError("The embedded server", extra="local") from error
    return running(data, host=host, port=port, credentials=credentials, workers=workers)


@asynccontextmanager
async def service(data: Path | None) -> AsyncIterator[str]:
    """The embedded server over ``data``, or a temporary folder that goes away with it; yields its URL."""
    if data is not None:
        async with serving(data) as url:
            yield url
        return
    with tempfile.TemporaryDirectory(prefix="asyncclean-") as folder:
        async with serving(Path(folder)) as url:
            yield url
