"""What is kept of datasets: SQL on a connection, in the caller's transaction. No threads, no HTTP."""

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from asyncclean.api.models import CODE_KINDS, KIND_CODES
from asyncclean.kinds import ColumnKind
from asyncclean.server.block import Block
from asyncclean.server.lines import PAGE, Stored, cut
from asyncclean.server.names import MAX_NAME
from asyncclean.server.problems import Problem, invalid, unknown

BITS = 31
"""Of a block's number within its id."""

LIST_PAGE = 100
"""Entries on a page of a list: the service's own figure."""

SWEEP = 256
"""Blocks deleted in one transaction of tidying: about 10 MB, so that no request waits long for it."""


@dataclass(frozen=True, slots=True)
class DatasetRow:
    """A dataset. ``records``: so far, for an input that is not complete."""

    id: int
    name: str
    kinds: Mapping[str, ColumnKind]
    input: bool
    completed: bool
    records: int

    def as_dict(self) -> dict[str, object]:
        return {
            "name": self.name,
            "columns": {name: KIND_CODES[kind] for name, kind in self.kinds.items()},
            "input": self.input,
            "recordCount": self.records,
            "completed": self.completed,
        }


@lru_cache(maxsize=256)
def _kinds(columns: str) -> Mapping[str, ColumnKind]:
    return {name: CODE_KINDS[code] for name, code in json.loads(columns).items()}


def _columns(kinds: Mapping[str, ColumnKind]) -> str:
    return json.dumps({name: KIND_CODES[kind] for name, kind in kinds.items()}, separators=(",", ":"))


def get(db: sqlite3.Connection, name: str) -> DatasetRow:
    """A dataset by its name. Raises Problem (404)."""
    row = db.execute(
        "SELECT id, name, columns, input, completed, records FROM datasets WHERE name = ?", (name,)
    ).fetchone()
    if row is None:
        raise unknown("dataset", name)
    return DatasetRow(row[0], row[1], _kinds(row[2]), bool(row[3]), bool(row[4]), row[5])


def listed(db: sqlite3.Connection, page: int, *, inputs: bool, outputs: bool) -> list[tuple[str, bool]]:
    """One page of (name, whether it is an input), by name."""
    rows = db.execute(
        "SELECT name, input FROM datasets WHERE name IS NOT NULL AND (input = ? OR input = ?) "
        "ORDER BY name LIMIT ? OFFSET ?",
        (1 if inputs else 2, 0 if outputs else 2, LIST_PAGE, (page - 1) * LIST_PAGE),
    )
    return [(name, bool(input_)) for name, input_ in rows]


def create(db: sqlite3.Connection, name: str, kinds: Mapping[str, ColumnKind]) -> DatasetRow:
    """A new, empty input. Raises Problem (400) when the name is taken."""
    try:
        made = db.execute(
            "INSERT INTO datasets (name, columns, input) VALUES (?, ?, 1)", (name, _columns(kinds))
        )
    except sqlite3.IntegrityError:
        raise invalid("name", f"a dataset named {name!r} exists already") from None
    assert made.lastrowid is not None
    return DatasetRow(made.lastrowid, name, kinds, True, False, 0)


def check_open(dataset: DatasetRow) -> None:
    """Raises Problem (400) unless it is an input that is not complete."""
    if not dataset.input:
        raise Problem(400, f"{dataset.name!r} is an output dataset: only inputs can be changed.")
    if dataset.completed:
        raise Problem(400, f"{dataset.name!r} is complete: it can no longer be changed.")


def put_block(db: sqlite3.Connection, name: str, block: Block) -> None:
    """Keep a block, in place of one of the same number. Raises Problem (400, 404)."""
    dataset = get(db, name)
    check_open(dataset)
    key = (dataset.id << BITS) | block.number
    before = db.execute("SELECT records FROM blocks WHERE id = ?", (key,)).fetchone()
    db.execute("INSERT OR REPLACE INTO blocks VALUES (?, ?, ?)", (key, block.records, block.data))
    change = block.records - (before[0] if before else 0)
    if change:
        db.execute("UPDATE datasets SET records = records + ? WHERE id = ?", (change, dataset.id))


def complete(db: sqlite3.Connection, name: str, record_count: int) -> DatasetRow:
    """Mark an input complete. Raises Problem (400, 404)."""
    dataset = get(db, name)
    check_open(dataset)
    if record_count != dataset.records:
        message = f"{record_count:,} records are said to be in it, {dataset.records:,} were uploaded"
        raise invalid("recordCount", message)
    db.execute("UPDATE datasets SET completed = 1 WHERE id = ?", (dataset.id,))
    return DatasetRow(dataset.id, name, dataset.kinds, True, True, dataset.records)


def delete(db: sqlite3.Connection, name: str) -> None:
    """Remove a dataset; its blocks go when there is time. Raises Problem (404, or 409: a job needs it)."""
    dataset = get(db, name)
    user = db.execute(
        "SELECT jobs.name FROM uses JOIN jobs ON jobs.id = uses.job WHERE dataset = ? LIMIT 1", (dataset.id,)
    ).fetchone()
    if user is not None:
        raise Problem(409, f"The job {user[0]!r} needs the dataset {name!r}: cancel it or let it end.")
    doom(db, dataset.id)


def doom(db: sqlite3.Connection, dataset: int) -> None:
    """Remove a dataset by its id."""
    db.execute("DELETE FROM datasets WHERE id = ?", (dataset,))
    db.execute("INSERT OR IGNORE INTO doomed VALUES (?)", (dataset,))


def tidy(db: sqlite3.Connection) -> bool:
    """Delete some blocks of removed datasets, then give free pages back; whether there is more to do."""
    doomed = db.execute("SELECT dataset FROM doomed LIMIT 1").fetchone()
    if doomed is None:
        free = int(db.execute("PRAGMA freelist_count").fetchone()[0])
        if free > SWEEP:
            db.execute(f"PRAGMA incremental_vacuum({SWEEP * 4})").fetchall()
        return free > SWEEP
    first = doomed[0] << BITS
    db.execute("BEGIN IMMEDIATE")
    gone = db.execute(
        "DELETE FROM blocks WHERE id IN (SELECT id FROM blocks WHERE id BETWEEN ? AND ? LIMIT ?)",
        (first, first + (1 << BITS) - 1, SWEEP),
    ).rowcount
    if gone < SWEEP:
        db.execute("DELETE FROM doomed WHERE dataset = ?", doomed)
    db.execute("COMMIT")
    return True


def records(db: sqlite3.Connection, name: str, start: int, count: int) -> tuple[list[bytes], int, int]:
    """The pages that hold records ``start``.. (from 1) of a complete output: (data, skip, count) as `cut`
    takes them. Raises Problem (400, 404)."""
    dataset = get(db, name)
    if dataset.input:
        raise Problem(400, f"{name!r} is an input dataset: only outputs can be downloaded.")
    if not dataset.completed:
        raise Problem(400, f"{name!r} is not complete yet.")
    if start > dataset.records:
        return [], 0, 0
    first, skip = divmod(start - 1, PAGE)
    last = min(start - 1 + count - 1, dataset.records - 1) // PAGE
    base = dataset.id << BITS
    rows = db.execute(
        "SELECT data FROM blocks WHERE id BETWEEN ? AND ? ORDER BY id", (base | first, base | last)
    ).fetchall()
    if len(rows) != last - first + 1:
        raise unknown("dataset", name)  # deleted since we looked
    return [row[0] for row in rows], skip, count


def read_records(db: sqlite3.Connection, name: str, start: int, count: int) -> bytes:
    """The records as a JSON array."""
    blobs, skip, count = records(db, name, start, count)
    return cut(blobs, skip, count) if blobs else b"[]"


def few_blocks(db: sqlite3.Connection, dataset: int, most: int) -> bool:
    """Whether an input has at most so many blocks."""
    first = dataset << BITS
    rows = db.execute(
        "SELECT 1 FROM blocks WHERE id BETWEEN ? AND ? LIMIT ?", (first, first + (1 << BITS) - 1, most + 1)
    )
    return len(rows.fetchall()) <= most


def next_block(db: sqlite3.Connection, dataset: int, after: int) -> tuple[int, Stored] | None:
    """The number of the next block (that is not empty) of an input after that one, and its records."""
    first = dataset << BITS
    row = db.execute(
        "SELECT id, records, data FROM blocks WHERE id > ? AND id < ? AND records > 0 ORDER BY id LIMIT 1",
        (first + after, first + (1 << BITS)),
    ).fetchone()
    return None if row is None else (row[0] - first, Stored(row[1], row[2]))


def begin_output(db: sqlite3.Connection, kinds: Mapping[str, ColumnKind]) -> int:
    """An output that nobody sees yet; gives its id."""
    made = db.execute("INSERT INTO datasets (columns, input) VALUES (?, 0)", (_columns(kinds),))
    assert made.lastrowid is not None
    return made.lastrowid


def append_pages(db: sqlite3.Connection, dataset: int, index: int, pages: Sequence[Stored]) -> None:
    """Pages of an output, from page ``index`` (from 0) on. Nothing when the output was given up."""
    if db.execute("SELECT 1 FROM datasets WHERE id = ?", (dataset,)).fetchone() is None:
        return
    base = (dataset << BITS) | index
    rows: Iterable[tuple[int, int, bytes]] = (
        (base + number, page.records, page.data) for number, page in enumerate(pages)
    )
    db.executemany("INSERT INTO blocks VALUES (?, ?, ?)", rows)


def publish_output(db: sqlite3.Connection, dataset: int, name: str, record_count: int) -> str:
    """Complete an output, under a name that is free; gives that."""
    candidate, number = name, dataset
    while db.execute("SELECT 1 FROM datasets WHERE name = ?", (candidate,)).fetchone():
        candidate = f"{name[: MAX_NAME - 12]}_{number}"
        number += 1
    db.execute(
        "UPDATE datasets SET name = ?, completed = 1, records = ? WHERE id = ?",
        (candidate, record_count, dataset),
    )
    return candidate
