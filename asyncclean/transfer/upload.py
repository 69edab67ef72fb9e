"""Sends a source into a dataset as concurrent blocks. Knows slices and blocks; knows no format.

    reader (one thread) ──batches──▶ encoders (threads) ──pieces, in order──▶ dispatcher ──▶ senders

Everything between is bounded. What is held at a time is at most

    3 x one batch, as a frame or as JSON   +   requests in flight x one block

so memory follows the limit on requests in flight, never the file. The dispatcher takes a permit *before*
it takes a block: a slow service slows the reader.

However it ends, by an error or by a cancellation, no further block is begun; those that are in flight get a
few seconds to be answered, and what has arrived is recorded.
"""

import contextlib
import time
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Protocol

import anyio
import anyio.abc
import anyio.to_thread
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from isal import isal_zlib

from asyncclean.api.datasets import Datasets
from asyncclean.api.pacing import Limiter
from asyncclean.errors import InputError, JournalError, RejectedError, shortened
from asyncclean.events import TELL_S, Bound, Listener, Progress, ignore
from asyncclean.files.blocks import MAX_BYTES, Batch, Encoded, Reader, Reject, encode
from asyncclean.files.fingerprint import PrefixHash
from asyncclean.transfer.bounds import Busy, upload_bound
from asyncclean.transfer.call_ahead import call_ahead
from asyncclean.transfer.journal import Acknowledged, Refused, Remaining
from asyncclean.transfer.policy import RejectPolicy
from asyncclean.transfer.rejects import Alike, named_records, narrow
from asyncclean.transfer.senders import Senders

RECORD_S = 0.25
"""Least seconds between two recordings of progress in the journal."""

SETTLE_S = 5.0
"""How long requests in flight may still take when an upload is stopped."""

REFUSED_RECORDS = (400, 422)
"""Statuses by which a service refuses what is in a block."""


@dataclass(frozen=True, slots=True)
class Uploaded:
    """What one call of `Upload.run` did. ``planned``, ``records``: of the whole source, as read."""

    planned: int
    records: int
    sent_blocks: int
    resumed_blocks: int
    busy: Busy

    @classmethod
    def nothing(cls, blocks: int, records: int) -> "Uploaded":
        """All was there already."""
        return cls(planned=blocks, records=records, sent_blocks=0, resumed_blocks=blocks, busy=Busy())


_Block = tuple[Encoded, int]
"""A block and the CRC-32 of its JSON."""

_Sent = tuple[Encoded, Acknowledged]
"""A block, and what the journal is told when it has arrived."""


@dataclass(slots=True)
class _Piece:
    """A batch on its way; ``slices`` are its blocks, there once ``done`` is set."""

    batch: Batch
    source_bytes: int
    source_checksum: int
    done: anyio.Event = field(default_factory=anyio.Event)
    slices: Sequence[Sequence[_Block]] | None = None


class Recorder(Protocol):
    """Writes to the journal, in a worker thread, one call at a time; gives the rejects there by now."""

    def __call__(self, acknowledged: Sequence[Acknowledged], refused: Sequence[Refused]) -> int: ...


class Upload:
    """One input on its way into one dataset.

    ``size``: of the source on disk, in bytes. ``remaining`` says where to begin, ``alike`` what the reader
    refused before on that line, ``prefix`` has hashed the source up to there, ``record`` is told what has
    arrived. ``settle_s``: how long what is in flight may still take when it is stopped.

    `run` raises InputError for a bad row, JournalError when a resumed source no longer gives what was sent,
    TooManyRejectsError, or what a request fails with for good.
    """

    def __init__(
        self,
        reader: Reader,
        datasets: Datasets,
        dataset: str,
        *,
        path: Path,
        size: int,
        prefix: PrefixHash,
        limiter: Limiter,
        record: Recorder,
        remaining: Remaining,
        alike: Counter[str] | None = None,
        policy: RejectPolicy,
        max_block_bytes: int = MAX_BYTES,
        settle_s: float = SETTLE_S,
        listener: Listener = ignore,
    ) -> None:
        self._reader = reader
        self._datasets = datasets
        self._dataset = dataset
        self._path = path
        self._size = size
        self._prefix = prefix
        self._limiter = limiter
        self._record = record
        self._remaining = remaining
        self._policy = policy
        self._max_block_bytes = max_block_bytes
        self._settle_s = settle_s
        self._listener = listener
        self._busy = Busy()
        self._number = remaining.number
        self._ahead = dict(remaining.ahead)
        self._alike = Alike(remaining.start.line, alike or Counter())
        self._read_records = remaining.records
        self._arrived_records = remaining.resumed_records
        self._sent_blocks = 0
        self._bytes_read = 0
        self._acknowledged: list[Acknowledged] = []
        self._refused: list[Refused] = []
        self._recording = anyio.Lock()
        self._recorded_at = self._told_at = time.monotonic()

    async def run(self) -> Uploaded:
        """Send all that remains; returns when every block is acknowledged and recorded."""
        try:
            # Room for none: while one batch is dispatched, the next is encoded and one more is read.
            send, receive = anyio.create_memory_object_stream[_Piece](0)
            with send, receive:
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(self._read, tasks, send)
                    senders = Senders(tasks, partial(self._send, tasks))
                    try:
                        await self._dispatch(tasks, senders, receive)
                        await senders.finish()
                    except BaseException:
                        senders.settle(self._settle_s)
                        raise
        finally:
            # What was acknowledged is worth keeping however this ends.
            rejected = await self._write_journal()
        self._check(rejected)
        if self._ahead:
            raise changed_input(self._path)
        self._tell(at_end=True)
        return Uploaded(
            planned=self._number - 1,
            records=self._read_records,
            sent_blocks=self._sent_blocks,
            resumed_blocks=self._remaining.resumed_blocks,
            busy=self._busy,
        )

    async def _read(self, tasks: anyio.abc.TaskGroup, pieces: MemoryObjectSendStream[_Piece]) -> None:
        """Read batch after batch in a thread, and set an encoder to each that needs one."""
        reading = self._reader.batches(self._remaining.start, self._prefix.take)
        with pieces, _closing(reading) as batches:
            async with call_ahead(partial(self._next_piece, batches)) as following:
                while (piece := await following()) is not None:
                    if piece.slices is None:
                        tasks.start_soon(self._encode, piece)
                    else:
                        piece.done.set()
                    await pieces.send(piece)

    def _next_piece(self, batches: Iterator[Batch]) -> _Piece | None:
        begun = time.perf_counter()
        batch = next(batches, None)
        if batch is None:
            return None
        self._busy.reading += time.perf_counter() - begun
        piece = _Piece(batch, self._prefix.at, self._prefix.checksum)
        if all(some.is_json for some in batch.slices):
            # Unless blocks are to be cut smaller, another thread would take longer to begin than to do it.
            self._encode_piece(piece)
        return piece

    async def _encode(self, piece: _Piece) -> None:
        await anyio.to_thread.run_sync(self._encode_piece, piece)
        piece.done.set()

    def _encode_piece(self, piece: _Piece) -> None:
        begun = time.perf_counter()
        piece.slices = [
            [(block, isal_zlib.crc32(block.json)) for block in encode(some, self._max_block_bytes)]
            for some in piece.batch.slices
        ]
        piece.batch = replace(piece.batch, slices=())
        self._busy.encoding += time.perf_counter() - begun

    async def _dispatch(
        self,
        tasks: anyio.abc.TaskGroup,
        senders: Senders[_Sent],
        pieces: MemoryObjectReceiveStream[_Piece],
    ) -> None:
        """Number the blocks in order and set a sender to each, as fast as permits are given."""
        waiting = time.perf_counter()
        async for piece in pieces:
            await piece.done.wait()
            self._busy.awaiting_blocks += time.perf_counter() - waiting
            self._bytes_read = piece.batch.bytes_read
            # Rejects come no later into the journal than the blocks around them: what lies before an
            # acknowledged slice is not read again.
            self._refused.extend(
                Refused(reject, ordinal=self._alike.next(reject), offset=piece.batch.offset)
                for reject in piece.batch.rejects
            )
            assert piece.slices is not None
            for blocks in piece.slices:
                await self._dispatch_slice(senders, blocks, piece)
            piece.slices = ()
            self._record_if_due(tasks)
            waiting = time.perf_counter()

    async def _dispatch_slice(self, senders: Senders[_Sent], blocks: Sequence[_Block], piece: _Piece) -> None:
        first = self._number
        self._number += len(blocks)
        for number, (block, checksum) in enumerate(blocks, first):
            self._read_records += block.records
            this = Acknowledged(
                number=number,
                slice=first,
                slice_blocks=len(blocks),
                records=block.records,
                accepted=block.records,
                checksum=checksum,
                bytes=len(block.json),
                start=block.start,
                source_bytes=piece.source_bytes,
                source_checksum=piece.source_checksum,
            )
            if (before := self._ahead.pop(number, None)) is not None:
                if (before.slice_blocks, before.checksum) != (this.slice_blocks, this.checksum):
                    raise changed_input(self._path)
                # From now on it is known by a place where this reading began a step.
                self._acknowledged.append(replace(this, accepted=before.accepted))
                continue
            waiting = time.perf_counter()
            await self._limiter.acquire()
            self._busy.awaiting_permits += time.perf_counter() - waiting
            senders.start((block, this))

    async def _send(self, tasks: anyio.abc.TaskGroup, sent: _Sent) -> None:
        """Send one block, for which a permit is held, and account for it."""
        block, this = sent
        self._account(this, await self._put(this.number, block))
        self._record_if_due(tasks)

    async def _put(self, number: int, block: Encoded) -> list[Refused]:
        """Send one block; what the service refuses of it comes back."""
        try:
            await self._datasets.put_block(
                self._dataset, number, block.json, limiter=self._limiter, admitted=True
            )
        except RejectedError as refusal:
            if refusal.status not in REFUSED_RECORDS:
                raise
            return await self._narrow(number, block, refusal)
        return []

    def _account(self, this: Acknowledged, refused: Sequence[Refused]) -> None:
        self._sent_blocks += 1
        if refused:
            this = replace(this, accepted=this.records - len(refused))
        self._acknowledged.append(this)
        self._refused.extend(refused)
        self._arrived_records += this.records
        self._tell()

    async def _narrow(self, number: int, block: Encoded, refusal: RejectedError) -> list[Refused]:
        """Send the block without the records that the service refuses; those come back."""
        if not self._policy.keep:
            named = {i: why for i, why in named_records(refusal).items() if i < block.records}
            if not named:
                raise refusal
            index, reason = next(iter(named.items()))
            hint = "Mend the record, or set such records aside with --rejects FILE."
            raise InputError(self._path, shortened(reason), line=block.line_of(index), hint=hint)

        async def send(records: bytes) -> RejectedError | None:
            try:
                await self._datasets.put_block(self._dataset, number, records, limiter=self._limiter)
            except RejectedError as again:
                if again.status not in REFUSED_RECORDS:
                    raise
                return again
            return None

        async def is_open() -> bool:
            held = await self._datasets.get(self._dataset)
            return held.input and not held.completed

        return [
            Refused(Reject(block.line_of(bad.index), bad.reason, bad.record), number, bad.index)
            for bad in await narrow(block.json, refusal, send, is_open)
        ]

    def _record_if_due(self, tasks: anyio.abc.TaskGroup) -> None:
        # Beside the sending, not in its way: a sync takes as long as the disk likes.
        if time.monotonic() - self._recorded_at >= RECORD_S:
            self._recorded_at = time.monotonic()
            tasks.start_soon(self._write_and_check)

    async def _write_and_check(self) -> None:
        self._check(await self._write_journal())

    async def _write_journal(self) -> int:
        """Record what is acknowledged by now; gives the count of all rejects."""
        rejected = 0
        with anyio.CancelScope(shield=True):
            async with self._recording:
                acknowledged, self._acknowledged = self._acknowledged, []
                refused, self._refused = self._refused, []
                rejected = await anyio.to_thread.run_sync(self._record, acknowledged, refused)
        return rejected

    def _check(self, rejected: int) -> None:
        share = min(1.0, self._bytes_read / self._size) if self._size else 1.0
        self._policy.check_on_the_way(rejected, self._read_records, share)

    def _bound(self) -> Bound:
        return upload_bound([self._busy], self._limiter.statistics())

    def _tell(self, *, at_end: bool = False) -> None:
        if at_end or time.monotonic() - self._told_at >= TELL_S:
            self._told_at = time.monotonic()
            self._listener(Progress("upload", self._bytes_read, self._arrived_records, bound=self._bound()))


@contextlib.contextmanager
def _closing(batches: Iterator[Batch]) -> Iterator[Iterator[Batch]]:
    """Close a reader's file at the end, where it is a generator that holds one."""
    try:
        yield batches
    finally:
        if isinstance(batches, Generator):
            batches.close()


def changed_input(path: Path) -> JournalError:
    """The error for a source that is no longer what was sent of it."""
    return JournalError(
        f"{path} has changed since the unfinished run sent a part of it.",
        hint="Put the file back as it was to go on, or start over with --fresh.",
    )
