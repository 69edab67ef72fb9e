"""The standard streams, which may be closed, full, or read by nobody. Knows no run.

What is said to people on standard error is worth no run: where it cannot be said, it is not. A result
printed on standard output is what was asked for: where it cannot be printed, that is an error, unless its
reader has gone away (``| head``).
"""

import contextlib
import os
import sys
from typing import TextIO

from asyncclean.errors import OutputError


def open_missing() -> None:
    """Open the null device wherever a standard stream is closed (``>&-``).

    Else the next file or socket would be taken for it, and what is printed would go in there.
    """
    for descriptor, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(descriptor)
        except OSError:
            opened = os.open(os.devnull, os.O_RDWR)  # the lowest that is free: this one
            if opened != descriptor:
                os.dup2(opened, descriptor)
                os.close(opened)
            os.set_inheritable(descriptor, True)
        if getattr(sys, name) is None:
            mode = "r" if name == "stdin" else "w"
            setattr(sys, name, os.fdopen(descriptor, mode, closefd=False))


def say(text: str) -> None:
    """A line for people, on standard error, if somebody is there."""
    try:
        print(text, file=sys.stderr, flush=True)
    except OSError:
        _silence(sys.stderr)


def print_line(line: bytes) -> None:
    """A line on standard output. Raises OutputError."""
    try:
        sys.stdout.buffer.write(line + b"\n")
        sys.stdout.flush()
    except BrokenPipeError:
        _silence(sys.stdout)
    except OSError as error:
        _silence(sys.stdout)
        raise OutputError(
            "standard output",
            f"{error.strerror or error}.",
            hint="All that was asked for is done; only its summary is lost.",
        ) from error


def _silence(stream: TextIO) -> None:
    """Let what a stream still holds, and all that follows, go nowhere."""
    null = os.open(os.devnull, os.O_WRONLY)
    with contextlib.suppress(OSError):
        os.dup2(null, stream.fileno())
    os.close(null)
