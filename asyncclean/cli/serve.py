"""Run the embedded server: the same API over a folder on this machine, for trials, tests and offline work.

It is open to everyone on this machine. With ASYNCCLEAN_CLIENT_ID and ASYNCCLEAN_CLIENT_SECRET set it gives
tokens for those and asks for them; only then may it listen on an address that other machines reach. Clients
then set ASYNCCLEAN_ISSUER to its URL.
"""

import argparse
import os
from pathlib import Path

import anyio

from asyncclean.cli.report import DONE
from asyncclean.cli.streams import say
from asyncclean.errors import UsageError
from asyncclean.local import serving

EXAMPLES = """\
examples:
  asyncclean serve
  asyncclean serve --port 8080 --data ./datasets
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)")
    parser.add_argument(
        "--port", type=int, default=8000, help="port to listen on; 0 takes a free one (default: 8000)"
    )
    parser.add_argument(
        "--data",
        type=Path,
        default=Path("asyncclean-data"),
        metavar="DIR",
        help="where datasets and jobs are kept (default: ./asyncclean-data)",
    )
    parser.add_argument(
        "--workers", type=int, metavar="N", help="processes that cleanse (default: one a core)"
    )


async def run(arguments: argparse.Namespace) -> int:
    """Serve until interrupted."""
    if not 0 <= arguments.port <= 65535:
        raise UsageError(f"{arguments.port} is not a port.")
    if arguments.workers is not None and arguments.workers < 1:
        raise UsageError("--workers must be at least 1.")
    client_id, secret = (os.environ.get(f"ASYNCCLEAN_CLIENT_{part}") for part in ("ID", "SECRET"))
    if bool(client_id) != bool(secret):
        raise UsageError("ASYNCCLEAN_CLIENT_ID and ASYNCCLEAN_CLIENT_SECRET go together: only one is set.")
    credentials = {client_id: secret} if client_id and secret else None
    async with serving(
        arguments.data,
        host=arguments.host,
        port=arguments.port,
        credentials=credentials,
        workers=arguments.workers,
    ) as url:
        say(f"Serving on {url} from {arguments.data}{'' if credentials is None else ', with credentials'}")
        if credentials is not None:
            say(f"Clients need the same two, and ASYNCCLEAN_ISSUER={url}")
        say("Ctrl-C ends it.")
        await anyio.sleep_forever()
    return DONE
