"""The three things that are done from beginning to end: clean, upload, download; and a trial of them.

Each is a sequence of the steps in `run`, over a journal that is removed when all is in its place.
"""

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import orjson

from asyncclean.api.models import Job, JobRequest
from asyncclean.errors import NotFoundError, OutputError, VerificationError, printable
from asyncclean.events import Note
from asyncclean.files import atomic, exact
from asyncclean.files.blocks import encode
from asyncclean.files.columns import Columns
from asyncclean.files.fingerprint import Fingerprint
from asyncclean.files.formats import FileFormat, detect
from asyncclean.files.source import Source, open_source
from asyncclean.files.stream import normal_encoding
from asyncclean.kinds import ColumnKind
from asyncclean.plan import CleanPlan, DownloadPlan, Engine, Reading, Rejecting, UploadPlan, Writing
from asyncclean.run import Run, discard_part, in_thread, other_outputs
from asyncclean.summary import DownloadSummary, DryRun, Summary, UploadSummary
from asyncclean.transfer.collect import Collected
from asyncclean.transfer.fill import Filled
from asyncclean.transfer.journal import Journal, journal_path

Noting = Callable[[Summary], Awaitable[None]]

Check = Callable[[Journal | None], None]
"""Sees that outputs can be made. It is given an unfinished run's journal: what is there may be its own."""


TOLD_REJECTS = 10
"""Most bad rows of which a trial tells the line and the reason."""


async def clean(engine: Engine, plan: CleanPlan, note: Noting | None = None) -> Summary:
    """Upload, job, download. Raises any AsynccleanError; what was done by then is in the journal.

    ``note`` is told the summary when all is in its place, just before the journal goes.
    """
    format = plan.writing.format or detect(plan.output)
    retries = engine.connection.retries
    path = journal_path(plan.output) if plan.resumable else None
    check = partial(_check_outputs, [plan.output, plan.rejecting.file], plan.writing.force)
    async with _journal(engine, path, check, fresh=plan.fresh, parts=[plan.output]) as run:
        async with engine.uploading:
            sources = await _open_all(run, plan.inputs, plan.reading, plan.rejecting)
            await run.pin(
                "input",
                await in_thread(_input_pins, engine, sources, plan.reading, plan.rejecting, plan.dataset),
            )
            first_key = next(iter(sources))
            names = {
                key: await run.name(f"dataset:{key}", plan.dataset if key == first_key else None, path.stem)
                for key, path in plan.inputs.items()
            }
            filled = await run.fill(sources, names, plan.rejecting)
        done = await _job_and_outputs(run, plan, format, sources[first_key].columns, names, again=True)
        if done is None:
            async with engine.uploading:
                filled = _with_sent_anew(filled, await run.fill(sources, names, plan.rejecting))
            done = await _job_and_outputs(run, plan, format, sources[first_key].columns, names, again=False)
            assert done is not None
        job, outputs, collected = done
        rejects = await _keep_rejects(run, plan.rejecting, plan.inputs)
        summary = Summary(
            records_in=sum(one.totals.accepted + one.totals.rejected for one in filled),
            records_out=collected[0].records,
            records_rejected=sum(one.totals.rejected for one in filled),
            blocks=sum(one.totals.blocks for one in filled),
            blocks_resumed=sum(one.uploaded.resumed_blocks for one in filled),
            pages=sum(one.pages for one in collected),
            pages_resumed=sum(one.pages - one.fetched_pages for one in collected),
            retries=engine.connection.retries - retries,
            seconds=run.figures.seconds,
            dataset=names[first_key],
            datasets=names,
            job=job.name,
            outputs={key: path for key, (_, path) in outputs.items()},
            output_datasets={key: name for key, (name, _) in outputs.items()},
            statistics=job.statistics,
            checksum=_checksum(filled),
            bounded_by=run.figures.bounded_by,
            rejects=rejects,
        )
        if note is not None:
            await note(summary)
        await in_thread(run.journal.remove)
        return summary


async def _job_and_outputs(
    run: Run,
    plan: CleanPlan,
    format: FileFormat,
    headers: Columns,
    names: Mapping[str, str],
    *,
    again: bool,
) -> tuple[Job, dict[str, tuple[str, Path]], list[Collected]] | None:
    """The job over the datasets ``names``, and its outputs in their places.

    None when either is gone from the service, and all that leads to it must be done again. Without ``again``
    that is an error: what keeps vanishing is not worth another try.
    """
    first_key = next(iter(names))
    await run.pin("job", {"workflow": plan.workflow, "parameters": plan.parameters, "job": plan.job})
    request = JobRequest(
        name=await run.name("job", plan.job, plan.output.stem),
        workflow=plan.workflow,
        inputs=names,
        parameters=plan.parameters,
        input_filename=printable(plan.inputs[first_key].name),
    )
    cleanse = run.cleanse(request, again=again)
    async with run.phase("job", total=100, unit="percent"):
        job = await cleanse.run(timeout=plan.wait_timeout)
    if job is None:
        return None
    if not job.outputs:
        raise VerificationError(f"Outputs of job {job.name!r}", expected="a dataset", found="none")
    outputs = other_outputs(job.outputs, first_key, plan.output)
    await in_thread(_check_others, run.journal, outputs, plan.writing.force)
    async with run.engine.downloading:
        await run.pin("output", _output_pins(format, plan.writing))
        try:
            collected = await run.collect(outputs, plan.writing, format=format, headers=headers)
        except NotFoundError as error:
            await cleanse.output_gone(job, error, named=plan.job is not None)
            return None
    return job, outputs, collected


def _with_sent_anew(before: Iterable[Filled], now: Iterable[Filled]) -> list[Filled]:
    """What became of each input: what was sent anew counts, and not what was sent before."""
    return [new if new.uploaded.sent_blocks else old for old, new in zip(before, now, strict=True)]


async def upload(engine: Engine, plan: UploadPlan) -> UploadSummary:
    """Create, fill, verify and (with ``plan.complete``) complete one dataset."""
    retries = engine.connection.retries
    check = partial(_check_outputs, [plan.rejecting.file], plan.force)
    async with _journal(engine, plan.journal, check, fresh=plan.fresh) as run:
        sources = await _open_all(run, {"input": plan.input}, plan.reading, plan.rejecting)
        await run.pin(
            "input", await in_thread(_input_pins, engine, sources, plan.reading, plan.rejecting, plan.dataset)
        )
        name = await run.name("dataset:input", plan.dataset, plan.input.stem)
        filled = await run.fill(sources, {"input": name}, plan.rejecting, complete=plan.complete)
        rejects = await _keep_rejects(run, plan.rejecting, {"input": plan.input})
        await in_thread(run.journal.remove)
        totals = filled[0].totals
        return UploadSummary(
            records_in=totals.accepted + totals.rejected,
            records_accepted=totals.accepted,
            records_rejected=totals.rejected,
            blocks=totals.blocks,
            blocks_resumed=filled[0].uploaded.resumed_blocks,
            bytes=totals.bytes,
            checksum=_checksum(filled),
            dataset=name,
            completed=plan.complete,
            retries=engine.connection.retries - retries,
            seconds=run.figures.seconds,
            bounded_by=run.figures.bounded_by,
            rejects=rejects,
        )


async def download(engine: Engine, plan: DownloadPlan) -> DownloadSummary:
    """Bring one output dataset into a file."""
    format = plan.writing.format or detect(plan.output)
    retries = engine.connection.retries
    path = journal_path(plan.output) if plan.resumable else None
    check = partial(_check_outputs, [plan.output], plan.writing.force)
    async with _journal(engine, path, check, fresh=plan.fresh, parts=[plan.output]) as run:
        pins = {"service": engine.service, "dataset": plan.dataset}
        await run.pin("output", pins | _output_pins(format, plan.writing))
        try:
            (one,) = await run.collect(
                {"output": (plan.dataset, plan.output)}, plan.writing, format=format, headers=None
            )
        except NotFoundError as error:
            error.hint = "Check the name. What is gone from the service only its job can make again."
            raise
        await in_thread(run.journal.remove)
        return DownloadSummary(
            records_out=one.records,
            pages=one.pages,
            pages_resumed=one.pages - one.fetched_pages,
            dataset=plan.dataset,
            output=plan.output,
            retries=engine.connection.retries - retries,
            seconds=run.figures.seconds,
            bounded_by=run.figures.bounded_by,
        )


def dry_run(
    path: Path,
    reading: Reading,
    allowed: frozenset[ColumnKind],
    max_block_bytes: int,
    *,
    keep_rejects: bool,
    on_read: Callable[[], None],
) -> DryRun:
    """Read and encode everything, and send nothing. Blocking; ``on_read`` is called all the while.

    Raises InputError as an upload would, and what ``on_read`` raises.
    """
    source = open_source(
        path,
        format=reading.format,
        encoding=reading.encoding,
        types=reading.types,
        allowed=allowed,
        keep_rejects=keep_rejects,
        mended=reading.from_rejects,
        on_read=lambda _: on_read(),
    )
    records = rejected = blocks = size = 0
    first_rejects: list[dict[str, Any]] = []
    for batch in source.batches():
        on_read()
        rejected += len(batch.rejects)
        told = batch.rejects[: TOLD_REJECTS - len(first_rejects)]
        first_rejects += [{"line": reject.line, "reason": reject.reason} for reject in told]
        for piece in batch.slices:
            encoded = encode(piece, max_block_bytes)
            records += piece.records
            blocks += len(encoded)
            size += sum(len(block.json) for block in encoded)
    columns = {column.name: {"header": column.header, "kind": column.kind} for column in source.columns}
    return DryRun(records + rejected, rejected, blocks, size, columns, first_rejects)


@asynccontextmanager
async def _journal(
    engine: Engine, path: Path | None, check: Check, *, fresh: bool, parts: Iterable[Path] = ()
) -> AsyncIterator[Run]:
    journal = await in_thread(Journal, path, fresh=fresh)
    run = Run(engine, journal)
    try:
        # Before anything of the earlier run is dropped.
        await in_thread(check, journal if journal.resumed and not fresh else None)
        if fresh and journal.resumed:
            await run.abandon()
            for output in parts:
                await discard_part(output)
            journal = run.journal = await in_thread(Journal, path)
        if journal.resumed:
            engine.listener(Note("Going on with the unfinished run."))
        yield run
    except BaseException:
        with anyio.CancelScope(shield=True):
            if not await in_thread(_began, journal):
                await in_thread(journal.remove)
        raise
    finally:
        with anyio.CancelScope(shield=True):
            await in_thread(journal.close)


def _began(journal: Journal) -> bool:
    """Whether there is anything to go on from: else the journal is not worth leaving behind."""
    made = ("planned:", "created:", "output:")
    return journal.is_open and any(value and name.startswith(made) for name, value in journal.facts().items())


def _check_outputs(paths: Iterable[Path | None], force: bool, run_so_far: Journal | None) -> None:
    for path in paths:
        if path is None:
            continue
        # A rejects file is written at the very end, which is late to find that it has no place.
        atomic.check_place(path)
        if os.path.lexists(path) and not force and not (run_so_far and _is_own(run_so_far, path)):
            raise _exists(path)


def _check_others(journal: Journal, outputs: Mapping[str, tuple[str, Path]], force: bool) -> None:
    """The outputs beside the main one, whose names are known only when the job is done."""
    for _, path in list(outputs.values())[1:]:
        if os.path.lexists(path) and not force and not _is_own(journal, path):
            raise _exists(path)


def _is_own(journal: Journal, path: Path) -> bool:
    """Whether a file is what this run has put there, as far as its inode and length tell."""
    stat = path.lstat()
    whole = (fact for fact in journal.facts().values() if isinstance(fact, dict) and "inode" in fact)
    return any((fact["inode"], fact["length"]) == (stat.st_ino, stat.st_size) for fact in whole)


def _exists(path: Path) -> OutputError:
    return OutputError(
        path, "it exists already", hint="Move it away, choose another name, or overwrite it with --force."
    )


async def _open_all(
    run: Run, inputs: Mapping[str, Path], reading: Reading, rejecting: Rejecting
) -> dict[str, Source]:
    return {
        key: await run.open(path, reading, keep_rejects=rejecting.file is not None)
        for key, path in inputs.items()
    }


def _input_pins(
    engine: Engine,
    sources: Mapping[str, Source],
    reading: Reading,
    rejecting: Rejecting,
    dataset: str | None,
) -> dict[str, object]:
    """What decides which records go where: another file, another cut or another service would not fit."""
    inputs = {
        key: {
            **file_facts(source.path),
            "format": f"{source.format.format}:{source.format.compression}",
            "columns": [[column.header, column.name, column.kind] for column in source.columns],
        }
        for key, source in sources.items()
    }
    return {
        "service": engine.service,
        "dataset": dataset,
        "max_block_bytes": engine.max_block_bytes,
        "encoding": normal_encoding(reading.encoding),
        "rejects": rejecting.file is not None,
        **{f"input {key}": facts for key, facts in inputs.items()},
    }


def file_facts(path: Path) -> dict[str, Any]:
    """Which file an input is, and its content as far as a look tells. Blocking. Raises InputError."""
    return {"path": printable(str(path.resolve())), "fingerprint": Fingerprint.of(path).as_dict()}


def _output_pins(format: FileFormat, writing: Writing) -> dict[str, object]:
    return {"format": f"{format.format}:{format.compression}", "csv_safe": writing.csv_safe}


def _checksum(filled: Iterable[Filled]) -> str:
    return "-".join(f"{one.totals.checksum:08x}" for one in filled)


async def _keep_rejects(run: Run, rejecting: Rejecting, inputs: Mapping[str, Path]) -> Path | None:
    """Write the rejects file, if there is anything to go in; gives its path then."""
    if rejecting.file is None or not await in_thread(run.journal.reject_count):
        return None
    await in_thread(_write_rejects, run.journal, rejecting.file, inputs)
    return rejecting.file


def _as_object(record: str) -> object:
    """A bad record as the object that it stands for, digit by digit, or as its text where it is none."""
    try:
        found = orjson.loads(record)
    except orjson.JSONDecodeError:
        return record
    return orjson.Fragment(exact.one_line(record)) if isinstance(found, dict) else record


def _write_rejects(journal: Journal, path: Path, inputs: Mapping[str, Path]) -> None:
    if os.path.lexists(path) and _is_own(journal, path):
        return
    part = atomic.part_path(path)
    file = atomic.PartFile(part, at=None)
    try:
        for key, reject in journal.rejects():
            row = {
                "file": printable(str(inputs[key])),
                "line": reject.line,
                "reason": reject.reason,
                "record": _as_object(reject.record),
            }
            file.append(orjson.dumps(row), b"\n")
    finally:
        file.close()
    stat = part.stat()
    journal.put(rejects={"inode": stat.st_ino, "length": stat.st_size})
    atomic.commit(part, path)
