"""An output file grows aside, goes on where it was cut off, and is in its place only when it is whole."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import anyio
import pytest

from asyncclean.errors import OutputError, VerificationError
from asyncclean.events import ignore
from asyncclean.files.atomic import part_path
from asyncclean.files.formats import FileFormat
from asyncclean.files.output import output_columns
from asyncclean.transfer import collect as module
from asyncclean.transfer.collect import Collect, Collected
from asyncclean.transfer.journal import Journal
from tests.faults.proxy import Proxy, proxied
from tests.faults.schedules import Request
from tests.transfer.conftest import Output, Wire, wired

pytestmark = pytest.mark.anyio

CSV = FileFormat("csv")
FORMATS = [CSV, FileFormat("json"), FileFormat("ndjson", "gzip"), FileFormat("parquet")]


@pytest.fixture(autouse=True)
def _checkpoint_at_every_write(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CHECKPOINT_S", 0.0)


def collect_into(
    path: Path, output: Output, journal: Journal, wire: Wire, format: FileFormat = CSV
) -> Collect:
    return Collect(
        "Contacts",
        output.dataset,
        path,
        format=format,
        columns=output_columns(output.dataset.columns, None),
        journal=journal,
        datasets=wire.datasets,
        limiter=wire.limiter,
        listener=ignore,
    )


async def collected(
    path: Path, output: Output, journal: Journal, url: str, format: FileFormat = CSV
) -> Collected:
    async with wired(url, at_once=2) as wire:
        return await collect_into(path, output, journal, wire, format).run()


class FullDisk(Journal):
    """Cannot note, the first time, that a file is whole."""

    full = True

    def put_all(self, facts: Mapping[str, Any]) -> None:
        if self.full and any(fact.get("whole") for fact in facts.values()):
            self.full = False
            raise OutputError("journal", "no space left on device.")
        super().put_all(facts)


async def cut_off(path: Path, output: Output, journal: Journal, proxy: Proxy, after: int = 6) -> None:
    """Cancel it when some pages are there."""
    scope = anyio.CancelScope()
    pages = 0

    async def count(request: Request) -> None:
        nonlocal pages
        pages += 1
        if pages > after:
            scope.cancel()

    proxy.after = count
    with scope:
        await collected(path, output, journal, proxy.url)
    assert scope.cancelled_caught

    async def look_on(request: Request) -> None:
        pass

    proxy.after = look_on


def names_in(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "journal")


async def test_the_file_is_what_the_dataset_holds(
    tmp_path: Path, service: str, output: Output, journal: Journal
) -> None:
    path = tmp_path / "out.csv"
    done = await collected(path, output, journal, service)
    assert path.read_bytes() == output.content
    assert path.stat().st_mode & 0o777 == 0o600
    assert (done.records, done.pages, done.fetched_pages) == (output.dataset.record_count, 13, 13)
    assert not part_path(path).exists()
    journal.close()


async def test_cut_off_it_goes_on_with_the_pages_that_are_not_there(
    tmp_path: Path, service: str, output: Output, journal: Journal
) -> None:
    path = tmp_path / "out.csv"
    async with proxied(service) as proxy:
        await cut_off(path, output, journal, proxy)
        state = journal.get("output:Contacts")
        assert 0 < state["pages"] <= 7
        assert part_path(path).stat().st_size >= state["length"]
        assert not path.exists()
        asked = len(proxy.seen)
        done = await collected(path, output, journal, proxy.url)
        again = [seen.request.target for seen in proxy.seen[asked:]]
    assert path.read_bytes() == output.content
    assert done.fetched_pages == 13 - state["pages"] == len(again)
    assert f"/Dataset/numbers_contacts/data?start={state['pages'] * 1000 + 1}&count=1000" in again
    journal.close()


@pytest.mark.parametrize("tail", [b"", b"half of a line that was not synced, no"])
async def test_what_was_written_after_the_last_checkpoint_is_cut_away(
    tail: bytes, tmp_path: Path, service: str, output: Output, journal: Journal
) -> None:
    path = tmp_path / "out.csv"
    async with proxied(service) as proxy:
        await cut_off(path, output, journal, proxy)
    with part_path(path).open("ab") as part:
        part.write(tail)
    await collected(path, output, journal, service)
    assert path.read_bytes() == output.content
    journal.close()


@pytest.mark.parametrize("left", [None, 0, 1000])
async def test_a_part_that_lost_what_was_synced_is_begun_anew(
    left: int | None, tmp_path: Path, service: str, output: Output, journal: Journal
) -> None:
    path = tmp_path / "out.csv"
    async with proxied(service) as proxy:
        await cut_off(path, output, journal, proxy)
    if left is None:
        part_path(path).unlink()
    else:
        os.truncate(part_path(path), left)
    done = await collected(path, output, journal, service)
    assert path.read_bytes() == output.content
    assert done.fetched_pages == 13
    journal.close()


@pytest.mark.parametrize("format", FORMATS, ids=str)
async def test_with_all_pages_there_it_goes_on_to_the_same_end(
    format: FileFormat, tmp_path: Path, service: str, output: Output
) -> None:
    """Also where the last page is short, and the file was whole but that could not be noted."""
    path, other = tmp_path / "out", tmp_path / "other"
    journal, undisturbed = FullDisk(tmp_path / "journal"), Journal(None)
    with pytest.raises(OutputError, match="no space"):
        await collected(path, output, journal, service, format)
    assert format.compression or journal.get("output:Contacts")["pages"] == 13
    await collected(path, output, journal, service, format)
    await collected(other, output, undisturbed, service, format)
    assert path.read_bytes() == other.read_bytes()
    journal.close()
    undisturbed.close()


async def test_killed_before_the_rename_it_only_renames(
    tmp_path: Path, service: str, output: Output, journal: Journal
) -> None:
    path = tmp_path / "out.csv"
    await collected(path, output, journal, service)
    path.rename(part_path(path))
    done = await collected(path, output, journal, "http://127.0.0.1:9")
    assert path.read_bytes() == output.content
    assert (done.pages, done.fetched_pages) == (13, 0)
    journal.close()


async def test_killed_after_the_rename_it_has_nothing_to_do(
    tmp_path: Path, service: str, output: Output, journal: Journal
) -> None:
    path = tmp_path / "out.csv"
    await collected(path, output, journal, service)
    inode = path.stat().st_ino
    done = await collected(path, output, journal, "http://127.0.0.1:9")
    assert path.stat().st_ino == inode
    assert done.fetched_pages == 0
    journal.close()


async def test_an_older_file_in_its_place_is_not_taken_for_it(
    tmp_path: Path, service: str, output: Output, journal: Journal
) -> None:
    """A power cut has taken the part; what is to be replaced happens to be as long."""
    path = tmp_path / "out.csv"
    await collected(path, output, journal, service)
    older = tmp_path / "older.csv"
    older.write_bytes(b"x" * len(output.content))
    older.replace(path)
    done = await collected(path, output, journal, service)
    assert path.read_bytes() == output.content
    assert done.fetched_pages == 13
    journal.close()


async def test_verifying_fetches_all_again_and_leaves_nothing_behind(
    tmp_path: Path, service: str, output: Output, journal: Journal
) -> None:
    path = tmp_path / "out.csv"
    async with proxied(service) as proxy, wired(proxy.url) as wire:
        collect = collect_into(path, output, journal, wire)
        await collect.run()
        await collect.verify()
        assert len(proxy.seen) == 26
    journal.close()
    assert names_in(tmp_path) == ["journal", "out.csv"]


async def test_verifying_after_a_resume_compares_the_whole_file(
    tmp_path: Path, service: str, output: Output, journal: Journal
) -> None:
    path = tmp_path / "out.csv"
    async with proxied(service) as proxy:
        await cut_off(path, output, journal, proxy)
        async with wired(proxy.url) as wire:
            collect = collect_into(path, output, journal, wire)
            await collect.run()
            await collect.verify()
    journal.close()


async def test_verifying_tells_one_changed_byte_with_both_checksums(
    tmp_path: Path, service: str, output: Output, journal: Journal
) -> None:
    path = tmp_path / "out.csv"
    async with wired(service) as wire:
        collect = collect_into(path, output, journal, wire)
        await collect.run()
        with path.open("r+b") as file:
            file.seek(200_000)
            file.write(b"#")
        with pytest.raises(VerificationError, match=r"bytes with the CRC-32 [0-9a-f]{8}, found .* CRC-32"):
            await collect.verify()
    journal.close()
    assert names_in(tmp_path) == ["journal", "out.csv"]
