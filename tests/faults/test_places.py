"""Disks that are full, places that cannot be written, outputs that nobody reads: told, and gone on from."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import anyio
import orjson
import pytest

from tests.cli.program import environment
from tests.faults.conftest import Undisturbed
from tests.faults.proxy import proxied
from tests.faults.runs import strict
from tests.faults.test_interruption import command

pytestmark = pytest.mark.anyio


class Disk:
    """A file system of a given size, which can be changed."""

    def __init__(self, place: Path, size: str) -> None:
        self.place = place
        self.mount("-t", "tmpfs", "-o", f"size={size}", "tmpfs", place)

    def mount(self, *arguments: str | Path) -> None:
        done = subprocess.run(["mount", *arguments], capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"file systems cannot be mounted here: {done.stderr.strip()}")

    def change(self, options: str) -> None:
        self.mount("-o", f"remount,{options}", self.place)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """A small one."""
    if os.getuid() != 0:
        pytest.skip("only root can mount file systems")
    place = tmp_path / "disk"
    place.mkdir()
    made = Disk(place, "16k")
    try:
        yield made
    finally:
        subprocess.run(["umount", place], check=True)


async def run(arguments: list[str], url: str, *, shell: str = 'exec "$@"') -> tuple[int, str, bytes]:
    """Exit status, standard error and output of a command that a shell starts in its way."""
    settings = environment(
        ASYNCCLEAN_TOKEN_URL=f"{url}/connect/token",
        ASYNCCLEAN_CLIENT_ID="me",
        ASYNCCLEAN_CLIENT_SECRET="s&e+c/r%et",
    )
    done = await anyio.run_process(["sh", "-c", shell, "sh", *arguments], env=settings, check=False)
    words = done.stderr.decode()
    assert "Traceback" not in words, words
    return done.returncode, words, done.stdout


def to_disk(arguments: list[str], disk: Disk) -> list[str]:
    """The same command, with its output on another disk."""
    at = arguments.index("-o") + 1
    return [*arguments[:at], str(disk.place / "out.csv"), *arguments[at + 1 :]]


async def test_a_full_disk_stops_the_run_and_with_room_it_goes_on(
    disk: Disk, service: str, undisturbed: Undisturbed
) -> None:
    async with proxied(service, stricter=strict) as proxy:
        arguments = to_disk(command(undisturbed.source, "full_disk", proxy.url), disk)
        status, words, _ = await run(arguments, proxy.url)
        assert status == 1
        assert "disk" in words, "there is no room for the journal"
        assert proxy.seen == [], "what cannot be recorded is not begun"

        disk.change("size=100k")
        status, words, _ = await run(arguments, proxy.url)
        assert status == 1
        assert "No space left on device" in words
        assert "it goes on where it stopped" in words
        assert not (disk.place / "out.csv").exists()
        before = proxy.count("PATCH /Dataset")
        assert before > 0

        disk.change("size=10m")
        status, words, _ = await run(arguments, proxy.url)
    assert status == 3
    assert (disk.place / "out.csv").read_bytes() == undisturbed.outcome.output
    assert proxy.count("PATCH /Dataset") == before
    assert proxy.count("POST /Job") == 1
    assert [path.name for path in disk.place.iterdir()] == ["out.csv"]


async def test_a_file_that_may_not_grow_stops_the_run_and_it_goes_on(
    service: str, undisturbed: Undisturbed
) -> None:
    async with proxied(service, stricter=strict) as proxy:
        arguments = command(undisturbed.source, "limited", proxy.url)
        status, words, _ = await run(arguments, proxy.url, shell='ulimit -f 200; exec "$@"')
        assert status == 1
        assert "File too large" in words
        before = proxy.count("PATCH /Dataset")
        status, words, _ = await run(arguments, proxy.url)
    assert status == 3
    output = undisturbed.source.parent / "limited" / "out.csv"
    assert output.read_bytes() == undisturbed.outcome.output
    assert proxy.count("PATCH /Dataset") == before


async def test_a_place_that_cannot_be_written_is_told_before_anything_is_sent(
    disk: Disk, service: str, undisturbed: Undisturbed
) -> None:
    disk.change("ro")
    async with proxied(service) as proxy:
        arguments = to_disk(command(undisturbed.source, "read_only", proxy.url), disk)
        status, words, _ = await run(arguments, proxy.url)
        disk.change("rw")
    assert status == 1
    assert "Read-only file system" in words
    assert "Choose a folder that can be written" in words
    assert proxy.seen == []


@pytest.mark.parametrize(
    "shell", ['exec "$@" >&-', '"$@" | true', 'exec "$@" >/dev/full'], ids=["closed", "broken", "full"]
)
async def test_a_standard_output_that_takes_nothing_does_not_spoil_the_run(
    shell: str, service: str, undisturbed: Undisturbed
) -> None:
    name = f"stdout_{abs(hash(shell))}"
    async with proxied(service, stricter=strict) as proxy:
        arguments = [*command(undisturbed.source, name, proxy.url), "--json"]
        status, words, _ = await run(arguments, proxy.url, shell=shell)
    folder = undisturbed.source.parent / name
    assert (folder / "out.csv").read_bytes() == undisturbed.outcome.output
    assert sorted(path.name for path in folder.iterdir()) == ["out.csv", "rejects.ndjson"]
    assert status == 0 if "|" in shell else status in (1, 3), words


async def test_the_summary_goes_to_standard_output_alone(service: str, undisturbed: Undisturbed) -> None:
    async with proxied(service, stricter=strict) as proxy:
        arguments = [*command(undisturbed.source, "json", proxy.url), "--json"]
        status, words, out = await run(arguments, proxy.url)
    assert (status, words) == (3, "")
    summary = orjson.loads(out)
    assert summary["records_in"] == summary["records_out"] + summary["records_rejected"] == 2500
    assert summary["checksum"] == undisturbed.outcome.checksum
