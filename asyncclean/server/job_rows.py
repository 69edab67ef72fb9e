"""What is kept of jobs: SQL on a connection, in the caller's transaction. No threads, no HTTP."""

import json
import sqlite3
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from asyncclean.kinds import ColumnKind
from asyncclean.server import dataset_rows
from asyncclean.server.dataset_rows import LIST_PAGE
from asyncclean.server.names import output_name
from asyncclean.server.problems import Problem, invalid, unknown

QUEUED, RUNNING, COMPLETED, FAILED, CANCELLED = range(5)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SELECT = (
    "SELECT id, name, workflow, submitted, completed, status, percent, statistics, inputs, outputs, "
    "parameters, input_filename, output FROM jobs"
)


def now() -> int:
    """Microseconds since 1970."""
    return time.time_ns() // 1000


def as_time(micros: int) -> str:
    """Like ``1970-01-01T00:00:00.0000000Z``: seven decimals, as the service writes them."""
    return f"{_EPOCH + timedelta(microseconds=micros):%Y-%m-%dT%H:%M:%S.%f}0Z"


@dataclass(frozen=True, slots=True)
class JobRow:
    """A job. Times in microseconds since 1970; ``output``: id of the dataset that it fills, while it runs."""

    id: int
    name: str
    workflow: str
    submitted: int
    completed: int | None
    status: int
    percent: float
    statistics: Mapping[str, Any]
    inputs: Mapping[str, str]
    outputs: Mapping[str, str]
    parameters: Mapping[str, str]
    input_filename: str
    output: int | None

    def as_dict(self, percent: float | None = None, finish: int | None = None) -> dict[str, Any]:
        """As the API shows it, with how far it is now and when it should end."""
        done = self.completed
        estimated = finish if done is None else done
        return {
            "name": self.name,
            "workflowName": self.workflow,
            "submittedAt": as_time(self.submitted),
            "completedAt": None if done is None else as_time(done),
            "status": self.status,
            "percentComplete": self.percent if done is not None or percent is None else percent,
            "estimatedFinishTime": None if estimated is None else as_time(estimated),
            "statistics": dict(self.statistics),
            "inputDatasets": dict(self.inputs),
            "outputDatasets": dict(self.outputs),
            "parameters": dict(self.parameters),
            "inputFilename": self.input_filename,
            "outputFilenames": {},
        }


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job as it was asked for. ``inputs``: dataset names by key."""

    name: str
    workflow: str
    inputs: Mapping[str, str]
    parameters: Mapping[str, str]
    input_filename: str


def _row(row: tuple[Any, ...]) -> JobRow:
    return JobRow(*row[:7], *(json.loads(text) for text in row[7:11]), *row[11:])


def get(db: sqlite3.Connection, name: str) -> JobRow:
    """A job by its name. Raises Problem (404)."""
    row = db.execute(_SELECT + " WHERE name = ?", (name,)).fetchone()
    if row is None:
        raise unknown("job", name)
    return _row(row)


def listed(
    db: sqlite3.Connection, page: int, *, workflow: str | None, start: int | None, end: int | None
) -> list[JobRow]:
    """One page of jobs, newest first. ``start``, ``end``: bounds of the time of submission, inclusive."""
    wanted = {"workflow = ?": workflow, "submitted >= ?": start, "submitted <= ?": end}
    given = {clause: value for clause, value in wanted.items() if value is not None}
    where = " WHERE " + " AND ".join(given) if given else ""
    rows = db.execute(
        _SELECT + where + " ORDER BY id DESC LIMIT ? OFFSET ?",
        (*given.values(), LIST_PAGE, (page - 1) * LIST_PAGE),
    )
    return [_row(row) for row in rows]


def create(db: sqlite3.Connection, job: NewJob) -> JobRow:
    """Queue a job. Raises Problem (400) when the name is taken or an input is not there or not complete."""
    if db.execute("SELECT 1 FROM jobs WHERE name = ?", (job.name,)).fetchone():
        raise invalid("name", f"a job named {job.name!r} exists already")
    ids = [_usable_input(db, key, name) for key, name in job.inputs.items()]
    made = db.execute(
        "INSERT INTO jobs (name, workflow, submitted, status, inputs, parameters, input_filename) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            *(job.name, job.workflow, now(), QUEUED),
            *(json.dumps(dict(job.inputs)), json.dumps(dict(job.parameters)), job.input_filename),
        ),
    )
    uses = [(dataset, made.lastrowid) for dataset in set(ids)]
    db.executemany("INSERT INTO uses VALUES (?, ?)", uses)
    return get(db, job.name)


def _usable_input(db: sqlite3.Connection, key: str, name: str) -> int:
    field = f"inputDatasets.{key}"
    try:
        dataset = dataset_rows.get(db, name)
    except Problem as problem:
        raise invalid(field, problem.detail.rstrip(".")) from None
    if not dataset.completed:
        raise invalid(field, f"the dataset {name!r} is not complete yet")
    return dataset.id


def recover(db: sqlite3.Connection) -> None:
    """After a start: jobs that were running are queued again, and what they had written goes."""
    for (output,) in db.execute("SELECT id FROM datasets WHERE name IS NULL").fetchall():
        dataset_rows.doom(db, output)
    db.execute("UPDATE jobs SET status = ?, output = NULL WHERE status = ?", (QUEUED, RUNNING))


def take(db: sqlite3.Connection) -> JobRow | None:
    """The oldest queued job, running from now on; None when there is none."""
    row = db.execute(_SELECT + " WHERE status = ? ORDER BY id LIMIT 1", (QUEUED,)).fetchone()
    if row is None:
        return None
    db.execute("UPDATE jobs SET status = ? WHERE id = ?", (RUNNING, row[0]))
    return _row(row)


def queued(db: sqlite3.Connection) -> list[int]:
    """The jobs that have not begun."""
    return [row[0] for row in db.execute("SELECT id FROM jobs WHERE status = ?", (QUEUED,))]


def begin_output(db: sqlite3.Connection, job: int, kinds: Mapping[str, ColumnKind]) -> int | None:
    """The running job's output; gives its id, or None when the job was cancelled by now."""
    if not _is_running(db, job):
        return None
    output = dataset_rows.begin_output(db, kinds)
    db.execute("UPDATE jobs SET output = ? WHERE id = ?", (output, job))
    return output


def succeed(
    db: sqlite3.Connection,
    *,
    job: JobRow,
    key: str,
    output: int,
    records: int,
    statistics: Mapping[str, int],
) -> None:
    """The running job is done: its output is there for all to see, in the same instant.

    Nothing when it was cancelled: then its output is gone already.
    """
    if not _is_running(db, job.id):
        return
    name = dataset_rows.publish_output(db, output, output_name(job.name, key), records)
    db.execute(
        "UPDATE jobs SET status = ?, completed = ?, percent = 100, outputs = ?, statistics = ?, "
        "output = NULL WHERE id = ?",
        (COMPLETED, now(), json.dumps({key: name}), json.dumps(dict(statistics)), job.id),
    )
    db.execute("DELETE FROM uses WHERE job = ?", (job.id,))


def fail(db: sqlite3.Connection, job: int, reason: str, percent: float, at: int) -> None:
    """A job that has not ended cannot be done, since ``at``."""
    row = db.execute("SELECT completed FROM jobs WHERE id = ?", (job,)).fetchone()
    if row is not None and row[0] is None:
        _end(db, job, FAILED, percent=percent, statistics=_told(reason), at=at)


def failed(job: JobRow, reason: str, percent: float, at: int) -> JobRow:
    """A job as it is once `fail` has been kept."""
    return replace(job, status=FAILED, completed=at, percent=percent, statistics=_told(reason), output=None)


def _told(reason: str) -> dict[str, Any]:
    return {"error": reason}


def cancel(db: sqlite3.Connection, name: str, percent: float) -> JobRow:
    """Cancel a job that has not ended; one that was cancelled stays so. Raises Problem (400, 404)."""
    job = get(db, name)
    if job.status == CANCELLED:
        return job
    if job.completed is not None:
        raise Problem(400, f"The job {name!r} has ended already.")
    _end(db, job.id, CANCELLED, percent=percent, statistics={}, at=now())
    return get(db, name)


def _is_running(db: sqlite3.Connection, job: int) -> bool:
    row = db.execute("SELECT status FROM jobs WHERE id = ?", (job,)).fetchone()
    return row is not None and row[0] == RUNNING


def _end(
    db: sqlite3.Connection, job: int, status: int, *, percent: float, statistics: Mapping[str, Any], at: int
) -> None:
    output = db.execute("SELECT output FROM jobs WHERE id = ?", (job,)).fetchone()[0]
    if output is not None:
        dataset_rows.doom(db, output)
    db.execute(
        "UPDATE jobs SET status = ?, completed = ?, percent = ?, statistics = ?, output = NULL WHERE id = ?",
        (status, at, percent, json.dumps(dict(statistics)), job),
    )
    db.execute("DELETE FROM uses WHERE job = ?", (job,))
