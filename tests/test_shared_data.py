"""Real contacts go through the main job, all of them, in their order."""

from pathlib import Path

import polars as pl
import pytest

from asyncclean import Client

pytestmark = pytest.mark.anyio

FILES = {
    "febrl1.csv": {"Column.FirstName": "given_name"},
    "febrl3.csv": {"Column.FirstName": "given_name"},
    "febrl4a.csv": {"Column.FirstName": "given_name"},
    "febrl4b.csv": {"Column.FirstName": "given_name"},
    "fake_1000.csv": {},
    "early_learning_sites.csv": {"DefaultCountry": "US"},
}
"""The files that hold contacts, and what their columns need to be told of."""


@pytest.mark.parametrize("name", FILES)
async def test_every_record_comes_back_in_its_place(shared_data: Path, tmp_path: Path, name: str) -> None:
    source, output = shared_data / name, tmp_path / "cleaned.parquet"
    async with Client() as client:
        summary = await client.clean(source, output, parameters=FILES[name])
    before = pl.read_csv(source, infer_schema=False)
    after = pl.read_parquet(output)
    assert summary.records_in == summary.records_out == before.height == after.height
    key = before.columns[0]
    assert after[after.columns[0]].to_list() == before[key].to_list()
    assert {header.strip() for header in before.columns} <= set(after.columns)
