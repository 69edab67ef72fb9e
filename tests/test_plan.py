"""What a run was asked for: no file is written over that it reads, and none is written twice."""

from pathlib import Path

import pytest

import asyncclean
from asyncclean.plan import CleanPlan, Rejecting, UploadPlan


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "in.csv"
    path.write_text("Name,Email\nann,a@example.com\nbob\n")
    return path


def clean(source: Path, output: Path, rejects: Path | None = None) -> CleanPlan:
    return CleanPlan(inputs={"Contacts": source}, output=output, rejecting=Rejecting(file=rejects))


def test_files_of_their_own_are_fine(source: Path) -> None:
    clean(source, source.with_name("out.csv"), source.with_name("bad.ndjson"))
    UploadPlan(input=source, dataset="some")


def test_neither_output_nor_rejects_may_be_the_input(source: Path) -> None:
    link = source.with_name("link.csv")
    link.symlink_to(source)
    for same in (source, link, source.parent / "." / "in.csv"):
        with pytest.raises(asyncclean.UsageError, match="is the input itself"):
            clean(source, same)
        with pytest.raises(asyncclean.UsageError, match="bad records would take its place"):
            clean(source, source.with_name("out.csv"), same)
        with pytest.raises(asyncclean.UsageError, match="bad records would take its place"):
            UploadPlan(input=source, dataset="some", rejecting=Rejecting(file=same))


def test_the_rejects_may_not_be_the_output_though_neither_is_there_yet(source: Path) -> None:
    folder = source.parent
    with pytest.raises(asyncclean.UsageError, match="both the output and the rejects"):
        clean(source, folder / "out.csv", folder / "sub" / ".." / "out.csv")


@pytest.mark.anyio
async def test_a_client_refuses_it_too_whatever_force_says(source: Path) -> None:
    async with asyncclean.Client("http://127.0.0.1:9") as client:
        with pytest.raises(asyncclean.UsageError, match="is the input itself"):
            await client.clean(source, source, force=True)
        with pytest.raises(asyncclean.UsageError, match="is the input itself"):
            await client.upload(source, "some", rejects=source, force=True)
