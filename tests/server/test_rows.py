"""Lists and look-ups stay quick however much there is: they follow an index, and read one page."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from asyncclean.server import dataset_rows, job_rows
from asyncclean.server.store import DATABASE, Store

pytestmark = pytest.mark.anyio

MANY = 20_000


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[sqlite3.Connection]:
    """A store of many datasets and jobs."""

    def fill(db: sqlite3.Connection) -> None:
        for number in range(MANY):
            dataset_rows.create(db, f"d{number}", {"x": "text"})
        job = job_rows.NewJob("", "PassThrough", {}, {}, "")
        for number in range(0, MANY, 10):
            job_rows.create(db, job_rows.NewJob(f"j{number}", job.workflow, {}, {}, ""))

    store = Store(tmp_path / "data", tidy=dataset_rows.tidy)
    await store.open()
    await store.write(fill)
    await store.close()
    with closing(sqlite3.connect(tmp_path / "data" / DATABASE, isolation_level=None)) as connection:
        yield connection


async def test_every_query_follows_an_index(db: sqlite3.Connection) -> None:
    asked: list[str] = []
    db.set_trace_callback(asked.append)
    dataset_rows.listed(db, 150, inputs=True, outputs=False)
    dataset_rows.get(db, "d77")
    dataset_rows.next_block(db, 5, 3)
    dataset_rows.few_blocks(db, 5, 2)
    job_rows.listed(db, 3, workflow=None, start=5, end=None)
    job_rows.listed(db, 3, workflow="PassThrough", start=None, end=None)
    job_rows.get(db, "j50")
    job_rows.take(db)
    db.set_trace_callback(None)
    selects = [query for query in asked if query.startswith("SELECT")]
    assert len(selects) >= 8
    for query in selects:
        plan = " ".join(row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {query}"))
        assert "TEMP B-TREE" not in plan, query
        if "SCAN" in plan:
            # Down the list from its newer end or along its names, until there is a page of them.
            assert "LIMIT 100" in query, query


async def test_pages_of_many_datasets_make_up_the_list(db: sqlite3.Connection) -> None:
    listed = partial(dataset_rows.listed, db, inputs=True, outputs=True)
    names = [name for page in range(1, MANY // 100 + 2) for name, _ in listed(page)]
    assert names == sorted(f"d{number}" for number in range(MANY))
