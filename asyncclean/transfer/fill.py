"""Brings one input into one dataset, whole and verified. Knows the life of an input dataset.

Each step first asks what the journal (and, in doubt, the service) already has, so that it can be done
again after a kill at any instant: look up or create, send what remains, compare the figures, complete.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import anyio.to_thread

from asyncclean.api.datasets import Datasets
from asyncclean.api.models import Dataset
from asyncclean.api.pacing import Limiter
from asyncclean.errors import AsynccleanError, JournalError, NotFoundError, UsageError, VerificationError
from asyncclean.events import Listener, Note
from asyncclean.files import exact
from asyncclean.files.fingerprint import Fingerprint, PrefixHash
from asyncclean.files.source import Source
from asyncclean.transfer.journal import Acknowledged, Journal, Refused, Remaining, Totals
from asyncclean.transfer.policy import RejectPolicy
from asyncclean.transfer.upload import Upload, Uploaded, changed_input


@dataclass(frozen=True, slots=True)
class Filled:
    """A dataset that holds an input: what is in it, and what this run did for that."""

    dataset: str
    totals: Totals
    uploaded: Uploaded


class Fill:
    """One input, known to the journal as ``key``, and the dataset that it goes into."""

    def __init__(
        self,
        key: str,
        source: Source,
        dataset: str,
        *,
        journal: Journal,
        datasets: Datasets,
        limiter: Limiter,
        policy: RejectPolicy,
        max_block_bytes: int,
        listener: Listener,
    ) -> None:
        self.key = key
        self.source = source
        self.dataset = dataset
        self._journal = journal
        self._datasets = datasets
        self._limiter = limiter
        self._policy = policy
        self._max_block_bytes = max_block_bytes
        self._listener = listener
        # What is known of the dataset, in the order in which it comes true. ``planned``: the name was
        # free; ``created``: it is this run's; ``sent``: all blocks have arrived, and were counted;
        # ``completed``: and so did the service.
        self._planned, self._created, self._sent, self._completed = (
            f"{fact}:{key}" for fact in ("planned", "created", "sent", "completed")
        )

    async def run(self, *, complete: bool, needed: bool = False) -> Filled:
        """Create, upload, verify and (with ``complete``) complete the dataset.

        ``needed``: a job is still to read it, so one that is gone after all was done is sent anew.

        Raises what `Upload.run` raises, JournalError when the input is no longer the same, VerificationError
        when two counts do not agree, and UsageError when another dataset has its name.
        """
        if await self._fact(self._completed) and not (needed and await self._is_gone()):
            # All that is to come is made of what the service has: the source is not read again.
            totals = await self._totals()
            return Filled(self.dataset, totals, Uploaded.nothing(totals.blocks, totals.records))
        prefix = PrefixHash(self.source.path)
        remaining = await anyio.to_thread.run_sync(self._remaining, prefix)
        held = await self._create()
        if held is None:
            remaining = Remaining()
            held = await self._create()
            assert held is not None
        uploaded = await self._send(held, prefix, remaining)
        totals = await self._totals()
        self._policy.check(totals.rejected, totals.accepted + totals.rejected)
        if complete:
            held = await self._datasets.complete(self.dataset, totals.accepted)
            self._verify(f"Records of dataset {self.dataset!r}", totals.accepted, held.record_count)
            await self._note(self._completed)
        return Filled(self.dataset, totals, uploaded)

    async def _is_gone(self) -> bool:
        """Whether a dataset that was completed is there no more."""
        held, totals = await self._look_up(), await self._totals()
        if held is not None and not (held.input and held.completed and held.record_count == totals.accepted):
            raise UsageError(
                f"The dataset {self.dataset!r} is not the one that this run has filled.",
                hint="Something else has its name now. Start over with --fresh, under another name.",
            )
        return held is None

    async def discard(self) -> None:
        """Delete the dataset again if this run created it. What cannot be deleted is told of."""
        if not await self._fact(self._created):
            return
        try:
            await self._datasets.delete(self.dataset)
        except NotFoundError:
            pass
        except AsynccleanError as error:
            self._listener(Note(f"The dataset {self.dataset!r} could not be deleted again: {error}"))

    async def _send(self, held: Dataset, prefix: PrefixHash, remaining: Remaining) -> Uploaded:
        """Send what remains and see that all of it has arrived."""
        if await self._fact(self._sent):
            totals = await self._totals()
            return Uploaded.nothing(totals.blocks, totals.records)
        if held.completed:
            raise UsageError(
                f"The dataset {self.dataset!r} was completed by something else before all was sent.",
                hint="Start over with --fresh, under another name.",
            )
        before = await self._fingerprint()
        uploaded = await Upload(
            self.source,
            self._datasets,
            self.dataset,
            path=self.source.path,
            size=self.source.size,
            prefix=prefix,
            limiter=self._limiter,
            record=self._record,
            remaining=remaining,
            alike=await anyio.to_thread.run_sync(self._journal.rejects_before, self.key, remaining.start),
            policy=self._policy,
            max_block_bytes=self._max_block_bytes,
            listener=self._listener,
        ).run()
        if await self._fingerprint() != before:
            raise JournalError(
                f"{self.source.path} changed while it was being sent.",
                hint="Start over with --fresh once it is left alone.",
            )
        totals = await self._totals()
        path = self.source.path
        self._verify(f"Blocks of {path} that were acknowledged", uploaded.planned, totals.blocks)
        self._verify(f"Records of {path} that were sent", uploaded.records, totals.records)
        self._verify(f"Records of {path} that were refused", totals.records - totals.accepted, totals.refused)
        await self._note(self._sent)
        return uploaded

    async def _create(self) -> Dataset | None:
        """The dataset, created or found; None when it has gone, and with it what was sent of it.

        A name is free when it is first planned, and is in the journal before it is asked for: what is
        found under it later, empty and open, is this run's own, made just before it was killed.
        """
        columns = self.source.columns.kinds()
        held = await self._look_up()
        if await self._fact(self._created):
            if held is None:
                await self._datasets.confirm()
                self._listener(
                    Note(f"The dataset {self.dataset!r} is gone from the service: it is sent anew.")
                )
                await anyio.to_thread.run_sync(self._start_over)
            return held
        planned = await self._fact(self._planned)
        if held is not None and not (planned and _is_untouched(held, columns)):
            raise UsageError(
                f"A dataset named {self.dataset!r} is there already, {_state(held)}.",
                hint="Choose another name with --dataset, or delete it, unless it is what you want already.",
            )
        await self._note(self._planned)
        held = held or await self._datasets.create(self.dataset, columns)
        await self._note(self._created)
        return held

    def _start_over(self) -> None:
        self._journal.forget(self.key)
        self._journal.put_all({self._created: False, self._sent: False, self._completed: False})

    async def _look_up(self) -> Dataset | None:
        try:
            return await self._datasets.get(self.dataset)
        except NotFoundError:
            return None

    async def _fact(self, name: str) -> bool:
        return bool(await anyio.to_thread.run_sync(self._journal.get, name))

    async def _note(self, name: str) -> None:
        await anyio.to_thread.run_sync(self._journal.put_all, {name: True})

    async def _totals(self) -> Totals:
        return await anyio.to_thread.run_sync(self._journal.totals, self.key)

    async def _fingerprint(self) -> Fingerprint:
        return await anyio.to_thread.run_sync(Fingerprint.of, self.source.path)

    def _remaining(self, prefix: PrefixHash) -> Remaining:
        """What is left to send, once the source is known to be the same up to there. Blocking."""
        remaining = self._journal.remaining(self.key)
        if prefix.advance(remaining.source_bytes) != remaining.source_checksum:
            raise changed_input(self.source.path)
        if self.source.format.format == "parquet":
            # Its rows do not lie in the file in their order: there is no part that was read.
            prefix.advance(self.source.size)
        return remaining

    def _record(self, acknowledged: Sequence[Acknowledged], refused: Sequence[Refused]) -> int:
        named = [self._by_header(one) if one.block else one for one in refused]
        self._journal.acknowledge(self.key, acknowledged, named)
        return self._journal.reject_count(self.key)

    def _by_header(self, refused: Refused) -> Refused:
        """A record that the service refused, with the source's own headers for keys."""
        headers = {column.name: column.header for column in self.source.columns}
        (members,) = exact.records(f"[{refused.reject.record}]".encode())
        return replace(refused, reject=replace(refused.reject, record=exact.line(members, headers)))

    def _verify(self, what: str, expected: int, found: int) -> None:
        if expected != found:
            raise VerificationError(
                what,
                expected=f"{expected:,}",
                found=f"{found:,}",
                hint="Something else may be writing to the dataset.",
            )


def _state(held: Dataset) -> str:
    return f"{'complete' if held.completed else 'open'}, with {held.record_count:,} records"


def _is_untouched(held: Dataset, columns: dict[str, Any]) -> bool:
    """Whether a dataset is as one that was just made with these columns."""
    return (
        held.input and not held.completed and held.record_count == 0 and held.columns.keys() == columns.keys()
    )
