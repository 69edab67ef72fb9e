"""Opens what every run uses: the embedded server, if there is one, the connection, the limiters."""

from contextlib import AsyncExitStack
from pathlib import Path

from asyncclean import local
from asyncclean.api.connection import Connection, Timeouts
from asyncclean.api.datasets import Datasets
from asyncclean.api.jobs import Jobs
from asyncclean.api.pacing import MOST, Limiter
from asyncclean.api.retry import RetryPolicy
from asyncclean.api.tokens import Auth
from asyncclean.events import Listener
from asyncclean.plan import Engine, Pace
from asyncclean.settings import Settings


async def open_engine(
    stack: AsyncExitStack,
    settings: Settings,
    pace: Pace,
    *,
    data: Path | None,
    retry: RetryPolicy,
    timeouts: Timeouts,
    listener: Listener,
) -> Engine:
    """The engine for a service; all that is open for it is closed with ``stack``.

    Raises UsageError for an address or credentials that make no sense.
    """
    url, auth = settings.url, Auth()
    if url is None:
        url = await stack.enter_async_context(local.service(data))
    else:
        auth = Auth(
            token=settings.token,
            client_id=settings.client_id,
            client_secret=settings.client_secret,
            token_url=settings.token_url,
            issuer=settings.issuer,
        )
    connection = await stack.enter_async_context(
        Connection(
            url,
            auth=auth,
            timeouts=timeouts,
            retry=retry,
            compress=pace.compress,
            ca_file=settings.ca_file,
            insecure_http=settings.insecure_http,
            listener=listener,
        )
    )
    return Engine(
        connection=connection,
        datasets=Datasets(connection, settings.codes),
        jobs=Jobs(connection, settings.job_states),
        upload_limiter=Limiter(fixed=pace.fixed, rate=pace.rate, most=MOST),
        download_limiter=Limiter(fixed=pace.fixed, rate=pace.rate, most=MOST),
        max_block_bytes=pace.max_block_bytes,
        allowed_kinds=frozenset(settings.codes),
        service=settings.url or "embedded",
        listener=listener,
    )
