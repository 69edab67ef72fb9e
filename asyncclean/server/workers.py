"""A few worker processes, kept warm. Knows how they are started, spoken to, replaced and ended.

Memory: a worker takes 150 to 250 MB with the cleansing libraries; they are ended after `IDLE_S` without work.
"""

import os
import pickle
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import anyio
import anyio.to_thread

import asyncclean
from asyncclean.server.stage import Cleansed, Plan
from asyncclean.workflows.base import WorkflowError

IDLE_S = 60.0
"""How long workers without work stay."""

TRIES = 3
"""How often a block is given to a fresh worker after one died over it."""


# The path goes last, so that nothing beside the package can stand in for the standard library.
_PROGRAM = (
    f"import sys; sys.path.append({str(Path(asyncclean.__file__).parents[1])!r}); "
    "from asyncclean.server.worker import main; main(int(sys.argv[1]))"
)


class WorkerDied(Exception):
    """A worker ended in the midst of a block: killed for its memory, or crashed."""


class WorkflowCrashed(Exception):
    """A workflow raised something that it should not have."""


@dataclass(slots=True, eq=False)
class _Worker:
    process: "subprocess.Popen[bytes]"
    requests: IO[bytes]
    answers: IO[bytes]

    @classmethod
    def start(cls) -> "_Worker":
        # One thread each: there are as many workers as processors. A group of its own, so that Ctrl-C in a
        # terminal reaches the server alone.
        environment = os.environ | {"POLARS_MAX_THREADS": "1"}
        process = subprocess.Popen(  # noqa: S603  this interpreter, with our own program
            [sys.executable, "-P", "-c", _PROGRAM, str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            process_group=0,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        return cls(process, process.stdin, process.stdout)

    def ask(self, job: int, plan: Plan, data: bytes) -> object:
        """Blocking. Raises WorkerDied."""
        try:
            pickle.dump((job, plan, data), self.requests, protocol=5)
            self.requests.flush()
            answer: object = pickle.load(self.answers)  # noqa: S301  from our own child
        except (OSError, EOFError, pickle.UnpicklingError, ValueError) as error:
            raise WorkerDied(f"{type(error).__name__}: {error}") from error
        return answer

    def end(self, patience: float = 0.0) -> int:
        """Blocking, but not for long. Gives its exit status, negative for a signal.

        ``patience``: seconds for it to end by itself, so that the status is its own.
        """
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(patience)
        self.process.kill()
        status = self.process.wait()
        for pipe in (self.requests, self.answers):
            with suppress(OSError):
                pipe.close()
        return status


@dataclass(slots=True)
class Workers:
    """At most ``size`` processes; started when they are needed."""

    size: int
    _idle: list[_Worker] = field(default_factory=list)
    _all: set[_Worker] = field(default_factory=set)
    _slots: anyio.CapacityLimiter = field(init=False)
    _threads: anyio.CapacityLimiter = field(init=False)
    _asked: int = 0

    def __post_init__(self) -> None:
        self._slots = anyio.CapacityLimiter(self.size)
        self._threads = anyio.CapacityLimiter(self.size)

    async def cleanse(self, job: int, plan: Plan, data: bytes) -> Cleansed:
        """One block, in a process. Raises WorkflowError, WorkflowCrashed, and WorkerDied when `TRIES`
        workers died over this block."""
        for attempt in range(1, TRIES + 1):
            async with self._slots:
                self._asked += 1
                worker = self._idle.pop() if self._idle else await anyio.to_thread.run_sync(self._start)
                try:
                    answer = await anyio.to_thread.run_sync(
                        worker.ask, job, plan, data, abandon_on_cancel=True, limiter=self._threads
                    )
                except WorkerDied as error:
                    status = await self._end(worker, patience=1.0)
                    if attempt == TRIES:
                        raise WorkerDied(_how_it_died(status)) from error
                    continue
                except BaseException:
                    await self._end(worker)
                    raise
                self._idle.append(worker)
            if isinstance(answer, WorkflowError):
                raise answer
            if isinstance(answer, Cleansed):
                return answer
            raise WorkflowCrashed(str(answer))
        raise AssertionError("every attempt returns or raises")

    def _start(self) -> _Worker:
        worker = _Worker.start()
        self._all.add(worker)
        return worker

    async def _end(self, *workers: _Worker, patience: float = 0.0) -> int:
        status = 0
        with anyio.CancelScope(shield=True):
            for worker in workers:
                self._all.discard(worker)
                status = await anyio.to_thread.run_sync(worker.end, patience)
        return status

    async def end_idle_ones(self) -> None:
        """Run for as long as the workers may be used: ends those that nobody has needed for `IDLE_S`."""
        while True:
            asked = self._asked
            await anyio.sleep(IDLE_S)
            if asked == self._asked:
                idle, self._idle = self._idle, []
                await self._end(*idle)

    @property
    def warm(self) -> bool:
        """Whether a block would be taken at once, without starting a process."""
        return bool(self._idle)

    async def close(self) -> None:
        """End them all."""
        self._idle.clear()
        await self._end(*self._all)


def _how_it_died(status: int) -> str:
    how = f"signal {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"
    return f"{TRIES} worker processes ended over the same block ({how}); too little memory is a usual cause"
