"""Pages come side by side, leave in order, and never more than the window is held."""

from collections.abc import Sequence

import anyio
import anyio.lowlevel
import orjson
import pytest

from asyncclean.errors import OutputError, VerificationError
from asyncclean.events import Event, Progress
from asyncclean.files.output import Page
from asyncclean.transfer import download as module
from asyncclean.transfer.download import Download
from tests.faults.messages import Message
from tests.faults.proxy import an_answer, proxied
from tests.faults.schedules import Fault, Request, Scripted
from tests.transfer.conftest import RECORDS, Output, wired

pytestmark = pytest.mark.anyio


async def numbers_from(
    url: str, output: Output, *, widest: int = 64, first: int = 0, at_once: int = 8
) -> list[int]:
    """Download everything; gives the numbers of the records in the order in which they were handed on."""
    numbers: list[int] = []

    def write(pages: Sequence[Page]) -> None:
        for page in pages:
            records = orjson.loads(page.json)
            assert len(records) == page.records
            numbers.extend(int(record["number"]) for record in records)

    async with wired(url, at_once=at_once) as wire:
        await Download(
            wire.datasets,
            output.dataset.name,
            output.dataset.record_count,
            write,
            limiter=wire.limiter,
            widest=widest,
            first=first,
        ).run()
        assert wire.limiter.in_flight == 0
    return numbers


async def test_all_records_come_in_order(service: str, output: Output) -> None:
    assert await numbers_from(service, output) == list(range(RECORDS))


async def test_it_goes_on_at_any_page(service: str, output: Output) -> None:
    assert await numbers_from(service, output, first=12) == list(range(12_000, RECORDS))
    assert await numbers_from(service, output, first=13) == []


async def test_one_request_at_a_time_and_a_window_of_one_are_enough(service: str, output: Output) -> None:
    assert await numbers_from(service, output, widest=1, at_once=1) == list(range(RECORDS))


@pytest.mark.parametrize(("widest", "at_once"), [(5, 8), (5, 2), (64, 3)])
async def test_no_more_than_the_window_is_asked_for_while_the_first_page_is_the_slowest(
    service: str, output: Output, widest: int, at_once: int
) -> None:
    """The first page is held back until nothing else can go on."""
    release = anyio.Event()
    asked: set[str] = set()

    async def note(request: Request) -> None:
        asked.add(request.target)

    numbers: list[int] = []
    hold = Scripted("GET .*start=1&", Fault("hold", release))
    async with proxied(service, hold, before=note) as proxy, anyio.create_task_group() as tasks:

        async def download() -> None:
            numbers.extend(await numbers_from(proxy.url, output, widest=widest, at_once=at_once))

        tasks.start_soon(download)
        enough = min(widest, 13)
        while len(proxy.seen) < enough - 1:
            await anyio.lowlevel.checkpoint()
        # Whatever was on its way by now has come as far as it can, when others have been there and back.
        async with wired(proxy.upstream) as other:
            for _ in range(5):
                await other.datasets.get(output.dataset.name)
        assert len(asked) == enough
        release.set()
    assert numbers == list(range(RECORDS))


async def test_pages_in_the_writers_hands_keep_their_places(service: str, output: Output) -> None:
    """The writer takes its first pages and does not come back."""
    asked: set[str] = set()

    async def note(request: Request) -> None:
        asked.add(request.target)

    gate = anyio.Event()

    def write(pages: Sequence[Page]) -> None:
        anyio.from_thread.run(gate.wait)

    async with proxied(service, before=note) as proxy, wired(proxy.url) as wire:
        name, records = output.dataset.name, output.dataset.record_count
        async with anyio.create_task_group() as tasks:
            download = Download(wire.datasets, name, records, write, limiter=wire.limiter, widest=4)
            tasks.start_soon(download.run)
            while len(proxy.seen) < 4:
                await anyio.lowlevel.checkpoint()
            for _ in range(5):
                await wire.datasets.get(name)
            assert len({target for target in asked if "/data" in target}) == 4
            gate.set()


async def test_a_long_way_to_the_service_makes_the_window_wider(
    service: str, output: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The writer waits for each page, so more and more are asked for ahead, up to the most allowed."""
    monkeypatch.setattr(module, "WINDOW", 1)
    under_way = most = 0

    async def far(request: Request) -> None:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await anyio.sleep(0.02)
        under_way -= 1

    async with proxied(service, before=far) as proxy:
        assert await numbers_from(proxy.url, output, widest=4) == list(range(RECORDS))
    assert most == 4


async def test_large_pages_make_the_window_smaller(
    service: str, output: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WINDOW_BYTES", 5 * 60_000)
    async with wired(service) as wire:
        download = Download(
            wire.datasets,
            output.dataset.name,
            output.dataset.record_count,
            lambda pages: None,
            limiter=wire.limiter,
        )
        await download.run()
    assert download.fetched == 13
    assert download._reorder.window == 5


async def test_a_page_that_stays_short_is_told_with_both_figures(service: str, output: Output) -> None:
    def half_of_the_third(message: Message) -> bytes | None:
        if "start=2001&" in message.target:
            return an_answer("200 OK", orjson.dumps([{"number": "1"}] * 500))
        if "start=2501&" in message.target:
            return an_answer("200 OK", b"[]")
        return None

    async with proxied(service, stricter=half_of_the_third) as proxy:
        with pytest.raises(ExceptionGroup) as group:
            await numbers_from(proxy.url, output)
    (error,) = group.value.exceptions
    assert isinstance(error, VerificationError)
    assert str(error).startswith(
        "Records 2,001 to 3,000 of dataset 'numbers_contacts': expected 1,000 records"
    )
    assert "found 500" in str(error)


async def test_a_page_that_is_too_long_is_told(service: str, output: Output) -> None:
    def too_many(message: Message) -> bytes | None:
        return (
            an_answer("200 OK", orjson.dumps([{"number": "1"}] * 1001)) if "/data" in message.target else None
        )

    async with proxied(service, stricter=too_many) as proxy:
        with pytest.raises(ExceptionGroup) as group:
            await numbers_from(proxy.url, output)
    assert "expected 1,000 records, found 1,001" in str(group.value.exceptions[0])


async def test_a_page_that_only_looks_like_json_is_told(service: str, output: Output) -> None:
    def broken(message: Message) -> bytes | None:
        return an_answer("200 OK", b'[{"number":"1"},,{}]') if "/data" in message.target else None

    async with proxied(service, stricter=broken) as proxy:
        with pytest.raises(ExceptionGroup) as group:
            await numbers_from(proxy.url, output)
    assert isinstance(group.value.exceptions[0], VerificationError)
    assert "expected a JSON array" in str(group.value.exceptions[0])


async def test_records_that_come_in_an_object_are_taken(service: str, output: Output) -> None:
    """As some services wrap them."""

    def wrapped(message: Message) -> bytes | None:
        if "start=12001&" not in message.target:
            return None
        rest = [{"number": f"{number}", "text": ""} for number in range(12_000, RECORDS)]
        return an_answer("200 OK", orjson.dumps({"records": rest}))

    async with proxied(service, stricter=wrapped) as proxy:
        assert await numbers_from(proxy.url, output) == list(range(RECORDS))


async def test_a_writer_that_fails_ends_it_and_gives_all_permits_back(service: str, output: Output) -> None:
    def full(pages: Sequence[Page]) -> None:
        raise OutputError("out.csv", "No space left on device")

    async with wired(service) as wire:
        name, records = output.dataset.name, output.dataset.record_count
        with pytest.raises(ExceptionGroup) as group:
            await Download(wire.datasets, name, records, full, limiter=wire.limiter).run()
        assert isinstance(group.value.exceptions[0], OutputError)
        assert wire.limiter.in_flight == 0


async def test_progress_ends_with_all_records(service: str, output: Output) -> None:
    told: list[Event] = []
    async with wired(service) as wire:
        await Download(
            wire.datasets,
            output.dataset.name,
            output.dataset.record_count,
            lambda pages: None,
            limiter=wire.limiter,
            listener=told.append,
        ).run()
    last = told[-1]
    assert isinstance(last, Progress)
    assert (last.phase, last.done, last.records) == ("download", RECORDS, RECORDS)


async def test_an_empty_dataset_is_no_page(service: str) -> None:
    async with wired(service) as wire:
        await Download(wire.datasets, "not asked for", 0, lambda pages: None, limiter=wire.limiter).run()
