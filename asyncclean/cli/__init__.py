"""The command line: one file a command, each thin.

Heavy imports wait until a command is asked for, so that ``--help`` answers at once.
"""

import gc
import os
import signal
import sys
from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> None:
    """The console script: runs a command and exits with its status.

    0 done, 1 failed, 2 wrong usage, 3 done with rejects, 130 interrupted.
    """
    # While it is still starting there is nothing to bring in order, and some modules in C do not survive an
    # exception in the midst of their import: until the run listens for itself, Ctrl-C just ends it. (With
    # SIG_DFL polars would put a handler of its own in the place, which swallows it.)
    before = signal.signal(signal.SIGINT, _die)
    try:
        sys.exit(_main(sys.argv[1:] if argv is None else list(argv)))
    finally:
        signal.signal(signal.SIGINT, before)


def _die(*_: object) -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGINT)


def _main(words: Sequence[str]) -> int:
    from asyncclean.cli.memory import keep_little  # noqa: PLC0415

    keep_little(words[0] if words else "")
    # What is imported stays: looking through it for garbage, again and again, costs a tenth of the start.
    gc.disable()
    from asyncclean.cli.parser import parse  # noqa: PLC0415
    from asyncclean.cli.running import run_command  # noqa: PLC0415

    command, arguments = parse(words)
    gc.freeze()
    gc.enable()
    return run_command(command, arguments)
