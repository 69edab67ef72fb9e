"""Blocks go up side by side; when it is stopped, what is in flight gets a little time and no more."""

from collections.abc import Sequence
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest

from asyncclean.errors import AuthError, NotFoundError, OutputError, unwrapped
from asyncclean.files.fingerprint import PrefixHash
from asyncclean.files.source import open_source
from asyncclean.transfer import upload as module
from asyncclean.transfer.journal import Acknowledged, Refused, Remaining
from asyncclean.transfer.policy import RejectPolicy
from asyncclean.transfer.upload import Upload, Uploaded
from tests.faults.proxy import proxied
from tests.faults.schedules import Fault, Request, Scripted
from tests.transfer.conftest import wired, write_numbers

pytestmark = pytest.mark.anyio


class Recorder:
    """A journal that only remembers."""

    def __init__(self) -> None:
        self.blocks: list[int] = []

    def __call__(self, acknowledged: Sequence[Acknowledged], refused: Sequence[Refused]) -> int:
        self.blocks += [block.number for block in acknowledged]
        return 0


class FullDisk(Recorder):
    """One that cannot be written."""

    def __call__(self, acknowledged: Sequence[Acknowledged], refused: Sequence[Refused]) -> int:
        raise OutputError("journal", "No space left on device")


async def uploaded(
    source: Path, url: str, recorder: Recorder, *, name: str, settle_s: float = 5.0, at_once: int = 4
) -> Uploaded:
    async with wired(url, at_once=at_once) as wire:
        opened = open_source(source)
        await wire.datasets.create(name, opened.columns.kinds())
        try:
            return await Upload(
                opened,
                wire.datasets,
                name,
                path=source,
                size=opened.size,
                prefix=PrefixHash(source),
                limiter=wire.limiter,
                record=recorder,
                remaining=Remaining(),
                policy=RejectPolicy(),
                max_block_bytes=12_000,
                settle_s=settle_s,
            ).run()
        finally:
            assert wire.limiter.in_flight == 0, "every permit comes back"


async def test_every_block_is_recorded_once(tmp_path: Path, service: str) -> None:
    recorder = Recorder()
    done = await uploaded(write_numbers(tmp_path / "in.csv", 5000), service, recorder, name="each_once")
    assert sorted(recorder.blocks) == list(range(1, done.planned + 1))
    assert (done.records, done.sent_blocks, done.resumed_blocks) == (5000, done.planned, 0)


async def test_it_never_has_more_in_flight_than_is_permitted(tmp_path: Path, service: str) -> None:
    in_flight = most = 0

    async def begin(request: Request) -> None:
        nonlocal in_flight, most
        in_flight += 1
        most = max(most, in_flight)

    async def end(request: Request) -> None:
        nonlocal in_flight
        in_flight -= 1

    source = write_numbers(tmp_path / "in.csv", 5000)
    async with proxied(service, before=begin, after=end) as proxy:
        await uploaded(source, proxy.url, Recorder(), name="three_at_once", at_once=3)
    assert most == 3


async def test_cancelled_it_waits_for_what_is_in_flight_and_begins_nothing(
    tmp_path: Path, service: str
) -> None:
    """Four blocks are held until it was told to stop."""
    release = anyio.Event()
    recorder = Recorder()
    source = write_numbers(tmp_path / "in.csv", 5000)
    held = Scripted("PATCH", Fault("hold", release), times=4)
    async with proxied(service, held) as proxy:
        with anyio.CancelScope() as scope:
            async with anyio.create_task_group() as tasks:

                async def stop() -> None:
                    while held.met["faults"] < 4:
                        await anyio.lowlevel.checkpoint()
                    scope.cancel()
                    release.set()

                tasks.start_soon(stop)
                await uploaded(source, proxy.url, recorder, name="waits")
        assert scope.cancelled_caught
        assert proxy.count("PATCH") == 4
    assert sorted(recorder.blocks) == [1, 2, 3, 4]


async def test_what_does_not_settle_in_time_is_given_up(tmp_path: Path, service: str) -> None:
    """Of four blocks, two are never answered."""
    never = anyio.Event()
    recorder = Recorder()
    source = write_numbers(tmp_path / "in.csv", 5000)
    held = Scripted("PATCH", Fault("hold", never), times=2)
    async with proxied(service, held) as proxy:
        with anyio.CancelScope() as scope:

            async def stop_at_the_sixth(request: Request) -> None:
                if proxy.count("PATCH") >= 6:
                    scope.cancel()

            proxy.after = stop_at_the_sixth
            await uploaded(source, proxy.url, recorder, name="given_up", settle_s=0.02)
        assert scope.cancelled_caught
    assert len(recorder.blocks) >= 6
    assert len(set(recorder.blocks) & {1, 2, 3, 4}) == 2


async def test_a_block_that_fails_for_good_lets_the_others_arrive(tmp_path: Path, service: str) -> None:
    recorder = Recorder()
    source = write_numbers(tmp_path / "in.csv", 5000)

    def forbidden(request: Request) -> Fault | None:
        return Fault("401") if request.block == 5 else None

    async with proxied(service, forbidden) as proxy:
        with pytest.raises(AuthError, match="refuses the credentials"), unwrapped():
            await uploaded(source, proxy.url, recorder, name="one_fails")
        taken = {seen.request.block for seen in proxy.seen if seen.status == 204}
    assert taken == set(recorder.blocks)
    assert 5 not in taken


async def test_a_journal_that_cannot_be_written_stops_it(
    tmp_path: Path, service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "RECORD_S", 0.0)
    source = write_numbers(tmp_path / "in.csv", 5000)
    with pytest.raises(OutputError, match="No space left"), unwrapped():
        await uploaded(source, service, FullDisk(), name="full_disk")


async def test_an_unknown_dataset_is_told_and_no_record_is_blamed(tmp_path: Path, service: str) -> None:
    source = write_numbers(tmp_path / "in.csv", 5000)
    async with wired(service) as wire:

        async def delete(request: Request) -> None:
            if request.block == 2:
                await wire.datasets.delete("deleted")

        async with proxied(service, after=delete) as proxy:
            with pytest.raises(NotFoundError, match="not found"), unwrapped():
                await uploaded(source, proxy.url, Recorder(), name="deleted")
