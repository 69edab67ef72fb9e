"""The client: what a program holds. A few lines a verb; what a verb does lives in `flows` and below.

async with asyncclean.Client("https://api.example.com", token=...) as client:
    summary = await client.clean("contacts.csv", "cleaned.csv", workflow="ContactCleanse")
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

import anyio

from asyncclean import bench, flows, several
from asyncclean.api.connection import Timeouts
from asyncclean.api.datasets import Datasets
from asyncclean.api.jobs import Jobs
from asyncclean.api.models import Job
from asyncclean.api.retry import RetryPolicy
from asyncclean.errors import AsynccleanError, UsageError, unwrapped
from asyncclean.events import Listener, ignore
from asyncclean.files.blocks import MAX_BYTES
from asyncclean.files.formats import detect
from asyncclean.kinds import ColumnKind
from asyncclean.opening import open_engine
from asyncclean.plan import (
    DEFAULT_KEY,
    DEFAULT_WORKFLOW,
    CleanPlan,
    DownloadPlan,
    Engine,
    Pace,
    Reading,
    Rejecting,
    UploadPlan,
    Writing,
)
from asyncclean.run import in_thread
from asyncclean.settings import Settings
from asyncclean.summary import DownloadSummary, DryRun, Summary, UploadSummary
from asyncclean.transfer.awaiting import await_job
from asyncclean.transfer.finished import forget
from asyncclean.transfer.policy import RejectPolicy

PathText = str | Path


class Client:
    """A connection to one service, or to an embedded one. An async context manager.

    Memory is bounded whatever the files' size: about 5 batches of 1 MiB for reading and encoding, plus one
    block a request in flight, plus 16 pages of a download (up to 48 where the service is far away) and a
    dozen that are being written.

    Args:
        url: the service; None starts the embedded server in this process (extra ``local``).
        token: a static bearer token.
        client_id, client_secret: OAuth 2.0 client credentials, with ``token_url`` or ``issuer`` (discovery).
        concurrency: requests in flight: ``"auto"`` finds out, up to 256; a number is held to exactly.
        rate: requests a second at most; None: no limit of ours.
        max_block_bytes: most bytes of a block's records (4 MiB).
        compress: encode request bodies; falls back to plain if the service refuses it.
        retry, timeouts: see `RetryPolicy` and `Timeouts`.
        ca_file: certificates of a private authority, in PEM.
        insecure_http: allow credentials over plain http to a host that is not this machine.
        settings: instead of the address and the credentials, as `asyncclean.settings.load` gives them.
        data: the embedded server's folder; None: a temporary one, gone with the client, so that runs
            cannot be resumed.
        listener: is told what happens; see `asyncclean.events`.

    Raises UsageError for settings that contradict each other.
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        token: str | None = None,
        client_id: str | None = None,
        client_secret: str | None = None,
        token_url: str | None = None,
        issuer: str | None = None,
        concurrency: int | Literal["auto"] = "auto",
        rate: float | None = None,
        max_block_bytes: int = MAX_BYTES,
        compress: Literal["gzip", "zstd"] | None = None,
        retry: RetryPolicy = RetryPolicy(),
        timeouts: Timeouts = Timeouts(),
        ca_file: PathText | None = None,
        insecure_http: bool = False,
        settings: Settings | None = None,
        data: PathText | None = None,
        listener: Listener = ignore,
    ) -> None:
        given = Settings(
            url=url,
            issuer=issuer,
            token_url=token_url,
            client_id=client_id,
            client_secret=client_secret,
            token=token,
            ca_file=None if ca_file is None else Path(ca_file),
            insecure_http=insecure_http,
        )
        if settings is not None and given != Settings():
            raise UsageError(
                "Both settings and an address or credentials are given.", hint="Give one of them."
            )
        self._settings = settings or given
        self._pace = Pace(None if concurrency == "auto" else concurrency, rate, max_block_bytes, compress)
        self._retry = retry
        self._timeouts = timeouts
        self._data = None if data is None else Path(data)
        self._listener = listener
        self._stack = AsyncExitStack()
        self._entered: Engine | None = None

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            self._entered = await open_engine(
                stack,
                self._settings,
                self._pace,
                data=self._data,
                retry=self._retry,
                timeouts=self._timeouts,
                listener=self._listener,
            )
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._entered = None
        await self._stack.aclose()

    @property
    def _engine(self) -> Engine:
        if self._entered is None:
            raise UsageError("The client is not open.", hint="Use it in: async with Client(...) as client")
        return self._entered

    @property
    def _resumable(self) -> bool:
        return self._settings.url is not None or self._data is not None

    async def clean(
        self,
        input: PathText | Mapping[str, PathText],
        output: PathText,
        *,
        workflow: str = DEFAULT_WORKFLOW,
        parameters: Mapping[str, str] | None = None,
        types: Mapping[str, ColumnKind] | None = None,
        format: str | None = None,
        output_format: str | None = None,
        encoding: str = "utf-8",
        rejects: PathText | None = None,
        max_rejects: RejectPolicy = RejectPolicy(),
        force: bool = False,
        fresh: bool = False,
        dataset: str | None = None,
        job: str | None = None,
        wait_timeout: float | None = None,
        csv_safe: bool = False,
        verify: bool = False,
        listener: Listener | None = None,
    ) -> Summary:
        """Upload a file, have a job cleanse it, and bring the result back, in order.

        The same call again after a kill goes on where it stopped, from the journal beside the output.

        Args:
            input: the file, which goes in under the key ``Contacts``; or files by input key, of which
                the first is the one that comes back.
            output: where the result goes; further outputs go beside it under their keys.
            workflow, parameters: which job, and its parameters.
            types: column kinds by header; all that is not typed by its format is text.
            format, output_format: ``csv``, ``tsv``, ``ndjson``, ``json`` or ``parquet``, with ``.gz`` or
                ``.zst`` after it if need be; None: by the file's suffixes.
            encoding: of text inputs.
            rejects: a file for bad records (NDJSON); None: the first one stops the run.
            max_rejects: how many are too many.
            force: overwrite the output. fresh: forget an unfinished run instead of going on with it.
            dataset, job: their names at the service; None: made up.
            wait_timeout: seconds to wait for the job; reaching it neither cancels nor restarts it.
            csv_safe: disarm cells that a spreadsheet would run as formulas.
            verify: fetch the result a second time and compare it with the file.
            listener: told of this run instead of the client's.

        Raises any AsynccleanError.
        """
        inputs = input if isinstance(input, Mapping) else {DEFAULT_KEY: input}
        plan = CleanPlan(
            inputs={key: Path(path) for key, path in inputs.items()},
            output=Path(output),
            workflow=workflow,
            parameters=dict(parameters or {}),
            reading=_reading(format, encoding, types),
            writing=_writing(Path(output), output_format, force=force, csv_safe=csv_safe, verify=verify),
            rejecting=Rejecting(file=None if rejects is None else Path(rejects), policy=max_rejects),
            dataset=dataset,
            job=job,
            wait_timeout=wait_timeout,
            fresh=fresh,
        )
        return await self.run(plan, listener=listener)

    async def run(self, plan: CleanPlan, *, listener: Listener | None = None) -> Summary:
        """`clean`, with its options as one value."""
        with unwrapped():
            return await flows.clean(
                self._told_by(listener), replace(plan, resumable=plan.resumable and self._resumable)
            )

    async def clean_many(
        self, plans: Iterable[CleanPlan], *, keep_list: bool = False
    ) -> list[Summary | AsynccleanError]:
        """Run several main jobs that overlap: while one job is awaited, the next file goes up.

        All share the limit on requests in flight. A file that fails does not stop the others: its error
        stands in its place in the answer. Until all are done, the same call again does only what is left:
        an output that is as it was made is told of again, and not touched. ``keep_list`` leaves the list of
        what is done when all are (`transfer.finished.forget` removes it): for one who has more to do first.
        """
        plans = [replace(plan, resumable=plan.resumable and self._resumable) for plan in plans]
        results = await several.clean_all(self._engine, plans)
        if not keep_list and all(isinstance(result, Summary) for result in results):
            await in_thread(forget, [plan.output for plan in plans if plan.resumable])
        return results

    async def upload(
        self,
        input: PathText,
        dataset: str,
        *,
        complete: bool = True,
        types: Mapping[str, ColumnKind] | None = None,
        format: str | None = None,
        encoding: str = "utf-8",
        rejects: PathText | None = None,
        max_rejects: RejectPolicy = RejectPolicy(),
        journal: PathText | None = None,
        force: bool = False,
        fresh: bool = False,
        listener: Listener | None = None,
    ) -> UploadSummary:
        """Create ``dataset``, fill it with a file's records, and complete it.

        ``journal``: a file in which to note what has arrived, so that the same call again goes on after a
        kill; None: it cannot be resumed. ``force``: overwrite a rejects file. All else as in `clean`.
        """
        plan = UploadPlan(
            input=Path(input),
            dataset=dataset,
            complete=complete,
            journal=None if journal is None else Path(journal),
            force=force,
            reading=_reading(format, encoding, types),
            rejecting=Rejecting(file=None if rejects is None else Path(rejects), policy=max_rejects),
            fresh=fresh,
        )
        with unwrapped():
            return await flows.upload(self._told_by(listener), plan)

    async def download(
        self,
        dataset: str,
        output: PathText,
        *,
        format: str | None = None,
        force: bool = False,
        fresh: bool = False,
        csv_safe: bool = False,
        verify: bool = False,
        listener: Listener | None = None,
    ) -> DownloadSummary:
        """Bring a completed output dataset into a file, in order. Options as in `clean`."""
        writing = _writing(Path(output), format, force=force, csv_safe=csv_safe, verify=verify)
        plan = DownloadPlan(
            dataset=dataset,
            output=Path(output),
            writing=writing,
            fresh=fresh,
            resumable=self._resumable,
        )
        with unwrapped():
            return await flows.download(self._told_by(listener), plan)

    async def dry_run(
        self,
        input: PathText,
        *,
        types: Mapping[str, ColumnKind] | None = None,
        format: str | None = None,
        encoding: str = "utf-8",
        keep_rejects: bool = False,
        from_rejects: bool = False,
    ) -> DryRun:
        """Read and encode a whole file as an upload would, and send nothing: the client need not be open."""
        reading = replace(_reading(format, encoding, types), from_rejects=from_rejects)
        with unwrapped():
            return await in_thread(
                flows.dry_run,
                Path(input),
                reading,
                frozenset(self._settings.codes),
                self._pace.max_block_bytes,
                keep_rejects=keep_rejects,
                on_read=anyio.from_thread.check_cancelled,
            )

    async def measure(
        self,
        *,
        seconds: float = 3.0,
        records: int = 1000,
        levels: Sequence[int] = bench.LEVELS,
        on_level: Callable[[bench.Level], None] = lambda level: None,
    ) -> bench.Measured:
        """Measure the service from here, with made-up records in a dataset that is deleted afterwards."""
        with unwrapped():
            return await bench.measure(
                self._engine, seconds=seconds, records=records, levels=levels, on_level=on_level
            )

    def _told_by(self, listener: Listener | None) -> Engine:
        return self._engine if listener is None else replace(self._engine, listener=listener)

    @property
    def datasets(self) -> Datasets:
        """The single calls on datasets: create, get, list, complete, delete, put_block, get_page."""
        return self._engine.datasets

    @property
    def jobs(self) -> Jobs:
        """The single calls on jobs: start, get, list, cancel."""
        return self._engine.jobs

    async def await_job(self, name: str, *, timeout: float | None = None) -> Job:
        """Poll until a job is completed.

        Raises JobFailedError, JobCancelledError, or JobWaitTimeoutError after ``timeout`` seconds: the job
        itself then goes on.
        """
        return await await_job(self._engine.jobs.get, name, timeout=timeout)


def _reading(format: str | None, encoding: str, types: Mapping[str, ColumnKind] | None) -> Reading:
    chosen = None if format is None else detect(Path("-"), format)
    return Reading(format=chosen, encoding=encoding, types=dict(types or {}))


def _writing(output: Path, format: str | None, *, force: bool, csv_safe: bool, verify: bool) -> Writing:
    return Writing(format=detect(output, format), force=force, csv_safe=csv_safe, verify=verify)
