"""Runs a command: the event loop, signals, errors as sentences, the exit status."""

import argparse
import os
import signal

import anyio
import anyio.abc

from asyncclean.cli.parser import Command
from asyncclean.cli.streams import open_missing, say
from asyncclean.errors import AsynccleanError, printable, unwrapped

INTERRUPTED = 130


def run_command(command: Command, arguments: argparse.Namespace) -> int:
    """Run a command to its end; gives the exit status. No traceback reaches a user."""
    open_missing()
    try:
        return anyio.run(_run, command, arguments, backend_options={"use_uvloop": _has_uvloop()})
    except AsynccleanError as error:
        complain(error)
        return error.exit_status
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:
        if os.environ.get("ASYNCCLEAN_DEBUG"):
            raise
        say(
            f"asyncclean: an error in asyncclean itself: {type(error).__name__}: {printable(str(error))}\n"
            "  Set ASYNCCLEAN_DEBUG=1 to see where, and please report it."
        )
        return 1


async def _run(command: Command, arguments: argparse.Namespace) -> int:
    interrupted = False

    async def watch(scope: anyio.CancelScope) -> None:
        nonlocal interrupted
        with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
            async for _ in signals:
                if interrupted:
                    os._exit(INTERRUPTED)
                interrupted = True
                say("\nStopping; once more to leave at once.")
                scope.cancel()

    status = INTERRUPTED
    with unwrapped():
        async with anyio.create_task_group() as tasks:
            # The command has a scope of its own: a first signal stops it, and a second one must still
            # be heard while files and journal are brought in order.
            work = anyio.CancelScope()
            tasks.start_soon(watch, work)
            with work:
                status = await command(arguments)
            tasks.cancel_scope.cancel()
    if interrupted and status == INTERRUPTED:
        say("Interrupted. The same command again goes on where this one stopped.")
    return status


def complain(error: AsynccleanError) -> None:
    """Print an error as its sentence and, on a line of its own, what to do."""
    say(f"asyncclean: {error.message}")
    if error.hint:
        say(f"  {error.hint}")


def _has_uvloop() -> bool:
    try:
        import uvloop  # noqa: F401, PLC0415  used when installed
    except ImportError:
        return False
    return True
