"""A worker process: blocks come in on standard input, go out on standard output, pickled, one at a time.

It ends when its standard input does, or in the midst of a block when its parent is gone: so it never outlives
the server, however that dies. It is a program of
its own instead of a fork or a `multiprocessing` child, so that it neither inherits threads and sockets nor
runs a caller's main module again.
"""

import os
import pickle
import signal
import threading
import time
from collections import OrderedDict
from contextlib import suppress

from asyncclean.server.stage import Plan, Stage
from asyncclean.workflows.base import WorkflowError

KEPT = 4
"""Jobs whose workflows are kept ready."""


PARENT_S = 1.0
"""How often to look whether the parent is still there, in seconds."""


def main(parent: int) -> None:
    """Serve until there is nothing more to read. ``parent``: the process id of the server."""
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    requests = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not get between the answers
    stages: OrderedDict[int, Stage] = OrderedDict()
    with suppress(EOFError, BrokenPipeError):
        while True:
            job, plan, data = pickle.load(requests)  # noqa: S301  from our own parent
            pickle.dump(_answer(stages, job, plan, data), answers, protocol=5)
            answers.flush()
    os._exit(0)


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(PARENT_S)
    os._exit(1)


def _answer(stages: "OrderedDict[int, Stage]", job: int, plan: Plan, data: bytes) -> object:
    """A Cleansed, or a WorkflowError, or the words of any other failure."""
    try:
        stage = stages.get(job)
        if stage is None:
            stage = stages[job] = Stage(plan)
            while len(stages) > KEPT:
                stages.popitem(last=False)
        return stage.cleanse(data)
    except WorkflowError as error:
        return WorkflowError(str(error))
    except Exception as error:
        return f"{type(error).__name__}: {error}"
