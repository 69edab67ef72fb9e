"""Makes the client that a command line asks for. Knows options and settings; sends nothing itself."""

import argparse
from pathlib import Path

from asyncclean.client import Client
from asyncclean.errors import UsageError
from asyncclean.events import Listener
from asyncclean.settings import Settings, load
from asyncclean.transfer.policy import RejectPolicy


def settings_of(arguments: argparse.Namespace) -> Settings:
    """The settings in force for a command."""
    names = ("url", "issuer", "token_url", "client_id", "ca_file", "insecure_http")
    flags = {name: getattr(arguments, name) for name in names}
    return load(flags, profile=arguments.profile)


def client_of(
    arguments: argparse.Namespace, settings: Settings, listener: Listener, *, data: Path | None = None
) -> Client:
    """The client; ``data``: the embedded server's folder where there is no URL."""
    return Client(
        settings=settings,
        concurrency=arguments.concurrency,
        rate=arguments.rate,
        max_block_bytes=getattr(arguments, "max_block_bytes", 4 << 20),
        compress=getattr(arguments, "compress", None),
        data=data,
        listener=listener,
    )


def require_url(settings: Settings, command: str) -> None:
    """Raises UsageError where a command makes no sense without a service that stays."""
    if settings.url is None:
        raise UsageError(
            f"asyncclean {command} needs a service.",
            hint="Give --url URL or set ASYNCCLEAN_URL; `asyncclean serve` starts one here.",
        )


def reject_policy(arguments: argparse.Namespace) -> RejectPolicy:
    """What the options say about bad records. Raises UsageError for a limit on none."""
    most, percent = arguments.max_rejects
    if arguments.rejects is None and (most, percent) != (None, None):
        raise UsageError("--max-rejects needs --rejects FILE: else the first bad record stops the run.")
    return RejectPolicy(most=most, most_percent=percent)
