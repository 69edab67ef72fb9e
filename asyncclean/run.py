"""One run that can be killed at any instant: its steps, and what must be the same when it goes on.

Knows the order of things and the journal beside the output; how each step is done lives in `transfer`.
"""

import re
import time
import uuid
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import anyio
import anyio.to_thread
import orjson

from asyncclean.api.models import Dataset, JobRequest
from asyncclean.errors import (
    AsynccleanError,
    InputError,
    JournalError,
    TooManyRejectsError,
    unwrapped,
)
from asyncclean.events import TELL_S, Note, Phase, PhaseEnded, PhaseStarted, Progress
from asyncclean.files import atomic
from asyncclean.files.columns import Columns
from asyncclean.files.formats import FileFormat
from asyncclean.files.output import output_columns
from asyncclean.files.source import Source, open_source
from asyncclean.plan import Engine, Reading, Rejecting, Writing
from asyncclean.transfer.bounds import download_bound, upload_bound
from asyncclean.transfer.cleanse import Cleanse
from asyncclean.transfer.collect import Collect, Collected
from asyncclean.transfer.fill import Fill, Filled
from asyncclean.transfer.journal import Journal

T = TypeVar("T")


async def in_thread(function: Callable[..., T], *args: Any, **options: Any) -> T:
    """Run a blocking function in a worker thread."""
    return await anyio.to_thread.run_sync(partial(function, *args, **options))


def fresh_name(stem: str) -> str:
    """A dataset name that nothing else has, from a file's: a-z first, then a-z, 0-9 and _."""
    safe = "".join(char if char.isascii() and char.isalnum() else "_" for char in stem.lower())
    stamp = time.strftime("%Y%m%d_%H%M%S", time.gmtime())
    return f"{safe.lstrip('_0123456789')[:40] or 'data'}_{stamp}_{uuid.uuid4().hex[:8]}"


@dataclass(slots=True)
class Figures:
    """What is measured on the way: seconds by phase, and what bounded each."""

    seconds: dict[str, float] = field(default_factory=dict)
    bounded_by: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class _Moved:
    """How many records a phase has moved."""

    records: int = 0


@dataclass(slots=True)
class Run:
    """One run over one journal."""

    engine: Engine
    journal: Journal
    figures: Figures = field(default_factory=Figures)

    @asynccontextmanager
    async def phase(self, phase: Phase, *, total: int | None, unit: Any = "records") -> AsyncIterator[_Moved]:
        """Tell that a phase begins and ends, and how long it took."""
        self.engine.listener(PhaseStarted(phase, total, unit))
        begun = time.monotonic()
        moved = _Moved()
        yield moved
        seconds = time.monotonic() - begun
        self.figures.seconds[phase] = self.figures.seconds.get(phase, 0.0) + seconds
        self.engine.listener(PhaseEnded(phase, seconds, moved.records))

    async def pin(self, stage: str, pins: Mapping[str, Any]) -> None:
        """Hold a stage's options against those that the unfinished run began this stage with.

        What a stage has not begun with may still change: a mistyped workflow need not cost an upload.
        Raises JournalError that names what differs.
        """
        held = await in_thread(self.journal.get, f"pins:{stage}")
        now = orjson.loads(orjson.dumps(pins))
        if held is None:
            await in_thread(self.journal.put_all, {f"pins:{stage}": now})
            return
        if differing := sorted(name for name in {*held, *now} if held.get(name) != now.get(name)):
            raise JournalError(
                f"An unfinished run ({self.journal.path}) was started otherwise: "
                f"{', '.join(_difference(name, held.get(name), now.get(name)) for name in differing)}.",
                hint="Use the same input and options to go on, or --fresh to start over.",
            )

    async def name(self, fact: str, given: str | None, stem: str) -> str:
        """A name that stays the same for the whole run: given, or made up once."""
        held = await in_thread(self.journal.get, fact)
        if held is None:
            held = given or fresh_name(stem)
            await in_thread(self.journal.put_all, {fact: held})
        return str(held)

    async def open(self, path: Path, reading: Reading, *, keep_rejects: bool) -> Source:
        """Open an input; formats whose columns must be found first are read through once."""
        begun = time.monotonic()
        told_at: float | None = None

        def on_read(count: int) -> None:
            nonlocal told_at
            anyio.from_thread.check_cancelled()
            if told_at is None:
                anyio.from_thread.run_sync(
                    self.engine.listener, PhaseStarted("read", path.stat().st_size, "bytes")
                )
            if told_at is None or time.monotonic() - told_at >= TELL_S:
                told_at = time.monotonic()
                anyio.from_thread.run_sync(self.engine.listener, Progress("read", count, 0))

        source = await in_thread(
            open_source,
            path,
            format=reading.format,
            encoding=reading.encoding,
            types=reading.types,
            allowed=self.engine.allowed_kinds,
            keep_rejects=keep_rejects,
            mended=reading.from_rejects,
            on_read=on_read,
        )
        if told_at is not None:
            self.figures.seconds["read"] = self.figures.seconds.get("read", 0.0) + time.monotonic() - begun
            self.engine.listener(PhaseEnded("read", self.figures.seconds["read"], 0))
        return source

    async def fill(
        self,
        sources: Mapping[str, Source],
        names: Mapping[str, str],
        rejecting: Rejecting,
        *,
        complete: bool = True,
    ) -> list[Filled]:
        """Upload every input, one after the other; one that is gone from the service before its job, anew.

        A bad row, or too many, undoes what this run has made: nothing is left half-done.
        """
        needed = not await in_thread(self.journal.get, "started")
        fills = [self._fill(key, source, names[key], rejecting) for key, source in sources.items()]
        async with self.phase("upload", total=sum(s.size for s in sources.values()), unit="bytes") as moved:
            filled: list[Filled] = []
            try:
                for fill in fills:
                    filled.append(await fill.run(complete=complete, needed=needed))
                    moved.records += filled[-1].totals.accepted
            except* (InputError, TooManyRejectsError):
                with anyio.CancelScope(shield=True):
                    for fill in fills:
                        await fill.discard()
                    await in_thread(self.journal.remove)
                raise
        self.figures.bounded_by["upload"] = upload_bound(
            [one.uploaded.busy for one in filled], self.engine.upload_limiter.statistics()
        )
        if resumed := sum(one.uploaded.resumed_blocks for one in filled):
            self.engine.listener(Note(f"{resumed:,} blocks were there already and were not sent again."))
        return filled

    def _fill(self, key: str, source: Source, dataset: str, rejecting: Rejecting) -> Fill:
        return Fill(
            key,
            source,
            dataset,
            journal=self.journal,
            datasets=self.engine.datasets,
            limiter=self.engine.upload_limiter,
            policy=replace(rejecting.policy, keep=rejecting.file is not None),
            max_block_bytes=self.engine.max_block_bytes,
            listener=self.engine.listener,
        )

    def cleanse(self, request: JobRequest, *, again: bool) -> Cleanse:
        """The job of this run; ``again``: it may be run again when it, or what it gave, is gone."""
        return Cleanse(
            request,
            journal=self.journal,
            jobs=self.engine.jobs,
            datasets=self.engine.datasets,
            listener=self.engine.listener,
            again=again,
        )

    async def collect(
        self,
        outputs: Mapping[str, tuple[str, Path]],
        writing: Writing,
        *,
        format: FileFormat,
        headers: Columns | None,
    ) -> list[Collected]:
        """Download datasets ({key: (dataset, path)}), one after the other, and verify them if asked.

        Raises NotFoundError when one of them is not there, and what `Collect.run` raises.
        """
        collected: list[Collected] = []
        async with self.phase("download", total=None) as moved:
            for key, (name, path) in outputs.items():
                dataset = await self.engine.datasets.get(name)
                await self._pin_dataset(key, dataset)
                self.engine.listener(PhaseStarted("download", dataset.record_count, "records"))
                collect = Collect(
                    key,
                    dataset,
                    path,
                    format=format,
                    columns=output_columns(dataset.columns, headers),
                    journal=self.journal,
                    datasets=self.engine.datasets,
                    limiter=self.engine.download_limiter,
                    listener=self.engine.listener,
                    csv_safe=writing.csv_safe,
                )
                with unwrapped():
                    collected.append(await collect.run())
                    if writing.verify:
                        await collect.verify()
                moved.records += collected[-1].records
        self.figures.bounded_by["download"] = download_bound(
            [one.busy for one in collected], self.engine.download_limiter.statistics()
        )
        return collected

    async def _pin_dataset(self, key: str, dataset: Dataset) -> None:
        """Begin a file anew whose dataset is another than the one that its pages are from."""
        columns = [list(column) for column in dataset.columns.items()]  # their order is that of the cells
        now = {"dataset": dataset.name, "records": dataset.record_count, "columns": columns}
        held = await in_thread(self.journal.get, f"from:{key}")
        if held == now:
            return
        anew: dict[str, Any] = {} if held is None else {f"output:{key}": {}}
        if held is not None:
            self.engine.listener(Note(f"The dataset {dataset.name!r} is another by now: it is fetched anew."))
        await in_thread(self.journal.put_all, {f"from:{key}": now} | anew)

    async def abandon(self) -> None:
        """Delete what this run made at the service, as far as it can be reached, and its journal."""
        facts = await in_thread(self.journal.facts)
        for name in facts:
            kind, _, key = name.partition(":")
            if kind == "created" and (dataset := facts.get(f"dataset:{key}")):
                try:
                    await self.engine.datasets.delete(dataset)
                except AsynccleanError as error:
                    self.engine.listener(Note(f"The earlier run's dataset {dataset!r} stays: {error}"))
        await in_thread(self.journal.remove)


def _difference(name: str, held: object, now: object) -> str:
    plain = all(value is None or isinstance(value, str | int | float) for value in (held, now))
    return f"{name} was {held!r} and is {now!r}" if plain else f"{name} differs"


async def discard_part(output: Path) -> None:
    """Remove the part of an output that an abandoned run has left."""
    await in_thread(atomic.discard, atomic.part_path(output))


def other_outputs(outputs: Mapping[str, str], first_key: str, path: Path) -> dict[str, tuple[str, Path]]:
    """Where a job's output datasets go: the one of the first input's key (else the first) to ``path``.

    Others go beside it, as ``stem.Key.suffixes``.
    """
    keys: Sequence[str] = sorted(outputs, key=lambda key: (key != first_key, list(outputs).index(key)))
    # A key is the service's word, and may be no part of a file's name.
    named = {key: re.sub(r"[^\w.-]", "_", key) for key in keys}
    suffixes = "".join(path.suffixes)
    stem = path.name.removesuffix(suffixes)
    return {
        key: (outputs[key], path if index == 0 else path.with_name(f"{stem}.{named[key]}{suffixes}"))
        for index, key in enumerate(keys)
    }
