"""One job at work: blocks in, pages out, in order. Knows neither the queue nor HTTP.

The first input is streamed: blocks are read, cleansed in worker processes (or, where there are few of them,
in a thread, as starting a process takes longer), packed into pages in their order and written to an output
that nobody sees before the last page is there.

Memory: at most ``workers + 3`` blocks and `PAGES_AT_ONCE` pages (or `BYTES_AT_ONCE`), all packed.
"""

import logging
import sqlite3
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial

import anyio
import anyio.abc
import anyio.to_thread
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from asyncclean.server import dataset_rows, job_rows
from asyncclean.server.dataset_rows import DatasetRow
from asyncclean.server.job_rows import JobRow
from asyncclean.server.lines import Pages, Stored
from asyncclean.server.stage import Cleansed, Plan, Stage
from asyncclean.server.store import Store
from asyncclean.server.workers import Workers, WorkflowCrashed
from asyncclean.workflows.base import WorkflowError
from asyncclean.workflows.registry import find

log = logging.getLogger("asyncclean.server")

SMALL_JOB = 2
"""Blocks up to which a job runs in a thread of the server."""

PAGES_AT_ONCE = 16
"""Pages written in one transaction: 16,000 records, about 0.6 MB packed."""

BYTES_AT_ONCE = 4 << 20
"""Packed bytes after which pages are written, however few they are."""


@dataclass(slots=True)
class Progress:
    """How far a running job is. ``started``: microseconds since 1970; ``total``, ``done``: records."""

    started: int
    total: int = 0
    done: int = 0

    @property
    def percent(self) -> float:
        """0 to 100, in steps of 0.01; never more than is done."""
        return 10_000 * self.done // self.total / 100 if self.total else 0.0

    @property
    def finish(self) -> int | None:
        """When it should end, if the rest goes as what is done did; None before there is any."""
        if not self.done:
            return None
        now = job_rows.now()
        return now + (now - self.started) * (self.total - self.done) // self.done


@dataclass(slots=True)
class _Piece:
    """A block on its way; ``cleansed`` is there once ``done`` is set."""

    block: Stored
    cleansed: Cleansed | None = None
    done: anyio.Event = field(default_factory=anyio.Event)


class Run:
    """One job, from its input to its output."""

    def __init__(self, job: JobRow, progress: Progress, store: Store, workers: Workers) -> None:
        self._job = job
        self._progress = progress
        self._store = store
        self._workers = workers
        self._pages = Pages()
        self._page_count = 0
        self._records = 0
        self._counts: Counter[str] = Counter()
        self._packing = anyio.CapacityLimiter(1)

    async def perform(self) -> None:
        """Do all of it. Raises WorkflowError, WorkflowCrashed, WorkerDied (perhaps in a group)."""
        workflow = await anyio.to_thread.run_sync(find, self._job.workflow)
        dataset = await self._store.read(partial(dataset_rows.get, name=self._job.inputs[workflow.inputs[0]]))
        self._progress.total = dataset.records
        parameters = self._job.parameters
        if workflow.day_parameter is not None:
            parameters = {workflow.day_parameter: job_rows.as_time(self._job.submitted)[:10], **parameters}
        plan = Plan(workflow, dataset.kinds, parameters)
        # Made here too, small job or not: for its columns, and to find out at once what cannot be done.
        stage = await anyio.to_thread.run_sync(Stage, plan)
        begin = partial(job_rows.begin_output, job=self._job.id, kinds=stage.output_columns)
        output = await self._store.write(begin)
        if output is None:
            return
        cleanse = await self._choose(dataset, plan, stage)
        async with anyio.create_task_group() as tasks:
            send, receive = anyio.create_memory_object_stream[_Piece](self._workers.size + 1)
            tasks.start_soon(self._feed, tasks, dataset.id, cleanse, send)
            await self._collect(output, receive)
        succeed = partial(
            job_rows.succeed,
            job=self._job,
            key=workflow.output,
            output=output,
            records=self._records,
            # No block, no counts: so that there are none is told here.
            statistics={"records": self._progress.done, **self._counts},
        )
        await self._store.write(succeed)

    async def _choose(self, dataset: DatasetRow, plan: Plan, stage: Stage) -> "_Cleanse":
        """How this job's blocks are cleansed."""
        if stage.identity:
            return _unchanged
        few = await self._store.read(partial(dataset_rows.few_blocks, dataset=dataset.id, most=SMALL_JOB))
        if few and not self._workers.warm:
            one_at_a_time = anyio.CapacityLimiter(1)
            return partial(_in_thread, stage, one_at_a_time)
        return partial(_in_worker, self._workers, self._job.id, plan)

    async def _feed(
        self,
        tasks: anyio.abc.TaskGroup,
        dataset: int,
        cleanse: "_Cleanse",
        pieces: MemoryObjectSendStream[_Piece],
    ) -> None:
        """Read block after block, and set a task to each; the stream's bound is the bound of all."""
        after = -1
        async with pieces:
            while found := await self._store.read(
                partial(dataset_rows.next_block, dataset=dataset, after=after)
            ):
                after, block = found
                piece = _Piece(block)
                await pieces.send(piece)
                tasks.start_soon(_work_on, piece, cleanse)

    async def _collect(self, output: int, pieces: MemoryObjectReceiveStream[_Piece]) -> None:
        """Take the pieces in order, and write pages of them."""
        ready: list[Stored] = []
        async with pieces:
            async for piece in pieces:
                await piece.done.wait()
                assert piece.cleansed is not None
                ready.append(piece.cleansed.output)
                self._counts.update(piece.cleansed.counts)
                self._progress.done += piece.block.records
                if len(ready) >= PAGES_AT_ONCE or sum(len(one.data) for one in ready) >= BYTES_AT_ONCE:
                    await self._write(output, ready, last=False)
                    ready = []
        await self._write(output, ready, last=True)

    async def _write(self, output: int, ready: list[Stored], *, last: bool) -> None:
        def pack(_: sqlite3.Connection) -> Callable[[sqlite3.Connection], None]:
            pages = [page for piece in ready for page in self._pages.feed(piece)]
            if last:
                pages += self._pages.finish()
            first, self._page_count = self._page_count, self._page_count + len(pages)
            self._records += sum(page.records for page in pages)
            return partial(dataset_rows.append_pages, dataset=output, index=first, pages=pages)

        await self._store.prepare_and_write(pack, self._packing)


_Cleanse = Callable[[Stored], Awaitable[Cleansed]]


async def _work_on(piece: _Piece, cleanse: _Cleanse) -> None:
    piece.cleansed = await cleanse(piece.block)
    piece.done.set()


async def _unchanged(block: Stored) -> Cleansed:
    return Cleansed(block, Counter(records=block.records))


async def _in_thread(stage: Stage, limiter: anyio.CapacityLimiter, block: Stored) -> Cleansed:
    try:
        return await anyio.to_thread.run_sync(stage.cleanse, block.data, limiter=limiter)
    except WorkflowError:
        raise
    except Exception as error:
        log.exception("A workflow crashed")
        raise WorkflowCrashed(f"{type(error).__name__}: {error}") from error


async def _in_worker(workers: Workers, job: int, plan: Plan, block: Stored) -> Cleansed:
    return await workers.cleanse(job, plan, block.data)
