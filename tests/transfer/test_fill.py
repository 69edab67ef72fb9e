"""A dataset is filled exactly, whatever was there before and whatever happens to the input meanwhile."""

import os
from collections.abc import Callable
from pathlib import Path

import anyio
import orjson
import pytest

from asyncclean.errors import (
    InputError,
    JournalError,
    RejectedError,
    TooManyRejectsError,
    UsageError,
    VerificationError,
    unwrapped,
)
from asyncclean.events import Event, Note
from asyncclean.files.csv import CsvSource
from asyncclean.files.json_source import JsonSource
from asyncclean.files.source import open_source
from asyncclean.transfer import upload as module
from asyncclean.transfer.fill import Fill, Filled
from asyncclean.transfer.journal import Journal
from asyncclean.transfer.policy import RejectPolicy
from asyncclean.transfer.upload import Upload
from tests.faults.messages import Message
from tests.faults.proxy import Proxy, an_answer, look_on, proxied
from tests.faults.schedules import Request, script
from tests.transfer.conftest import wired, write_numbers

pytestmark = pytest.mark.anyio

KEEP = RejectPolicy(keep=True)


@pytest.fixture(autouse=True)
def _record_every_block(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RECORD_S", 0.0)


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "journal")


async def filled(
    source: Path,
    url: str,
    journal: Journal,
    *,
    name: str,
    policy: RejectPolicy = KEEP,
    complete: bool = True,
    needed: bool = False,
    told: list[Event] | None = None,
    max_block_bytes: int = 12_000,
    types: dict[str, str] | None = None,
) -> Filled:
    async with wired(url, at_once=4) as wire:
        fill = Fill(
            "Contacts",
            open_source(source, keep_rejects=policy.keep, types=types or {}),  # type: ignore[arg-type]
            name,
            journal=journal,
            datasets=wire.datasets,
            limiter=wire.limiter,
            policy=policy,
            max_block_bytes=max_block_bytes,
            listener=(told if told is not None else []).append,
        )
        with unwrapped():
            try:
                return await fill.run(complete=complete, needed=needed)
            finally:
                assert wire.limiter.in_flight == 0


async def cut_off(
    source: Path,
    proxy: Proxy,
    journal: Journal,
    *,
    name: str,
    at: Callable[[Request], bool],
    types: dict[str, str] | None = None,
) -> None:
    """Cancel it when a certain request was answered."""
    scope = anyio.CancelScope()

    async def cancel(request: Request) -> None:
        if at(request):
            scope.cancel()

    proxy.after = cancel
    with scope:
        await filled(source, proxy.url, journal, name=name, types=types)
    assert scope.cancelled_caught
    proxy.after = look_on


def by_default(monkeypatch: pytest.MonkeyPatch, of: type, **values: object) -> None:
    """Change a default of a class that is made deep inside."""
    init = of.__init__  # type: ignore[misc]
    monkeypatch.setattr(init, "__kwdefaults__", {**init.__kwdefaults__, **values})


def at_block(number: int) -> Callable[[Request], bool]:
    return lambda request: request.block == number


def put_in(path: Path, offset: int, text: bytes) -> None:
    """Change some bytes, and nothing that a look at the file's facts would show."""
    facts = path.stat()
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(text)
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))


async def test_all_blocks_arrive_and_are_counted(tmp_path: Path, service: str, journal: Journal) -> None:
    source = write_numbers(tmp_path / "in.csv", 3456)
    async with proxied(service) as proxy:
        done = await filled(source, proxy.url, journal, name="whole")
        blocks = [seen.request.block for seen in proxy.seen if seen.request.method == "PATCH"]
    assert sorted(filter(None, blocks)) == list(range(1, done.totals.blocks + 1))
    assert done.uploaded.planned == done.totals.blocks > 12
    assert (done.totals.records, done.totals.accepted, done.totals.rejected) == (3456, 3456, 0)
    journal.close()


async def test_an_input_without_records_makes_an_empty_dataset(
    tmp_path: Path, service: str, journal: Journal
) -> None:
    source = write_numbers(tmp_path / "in.csv", 0)
    done = await filled(source, service, journal, name="nothing")
    assert done.totals.blocks == done.totals.records == 0
    async with wired(service) as wire:
        held = await wire.datasets.get("nothing")
    assert held.completed
    assert held.record_count == 0
    journal.close()


async def test_done_already_it_asks_the_service_nothing(
    tmp_path: Path, service: str, journal: Journal
) -> None:
    source = write_numbers(tmp_path / "in.csv", 100)
    first = await filled(source, service, journal, name="done_already")
    second = await filled(source, "http://127.0.0.1:9", journal, name="done_already")
    assert second.totals == first.totals
    assert (second.uploaded.sent_blocks, second.uploaded.resumed_blocks) == (0, first.totals.blocks)
    journal.close()


@pytest.mark.parametrize("what", ["POST", "PATCH", "PUT"])
async def test_cut_off_after_any_step_it_goes_on(
    what: str, tmp_path: Path, service: str, journal: Journal
) -> None:
    source = write_numbers(tmp_path / "in.csv", 3456)
    name = f"cut_off_{what.lower()}"
    async with proxied(service) as proxy:
        await cut_off(
            source, proxy, journal, name=name, at=lambda request: request.matches(f"{what} /Dataset")
        )
        done = await filled(source, proxy.url, journal, name=name)
        made = [seen.status for seen in proxy.seen if seen.request.matches("POST /Dataset")]
        sent = [seen.request.block for seen in proxy.seen if seen.told and seen.request.block]
    assert made == [201]
    assert sorted(sent) == list(range(1, done.totals.blocks + 1)), "each acknowledged block was sent once"
    assert done.totals.records == 3456
    journal.close()


async def test_an_edit_behind_what_has_arrived_is_noticed_though_size_and_time_are_the_same(
    tmp_path: Path, service: str, journal: Journal
) -> None:
    source = write_numbers(tmp_path / "in.csv", 9000)
    async with proxied(service) as proxy:
        await cut_off(source, proxy, journal, name="edited_behind", at=at_block(20))
    assert journal.remaining("Contacts").source_bytes > 100_000
    put_in(source, 90_000, b"X")
    with pytest.raises(JournalError, match="has changed since the unfinished run sent a part of it"):
        await filled(source, service, journal, name="edited_behind")
    journal.close()


async def test_an_edit_of_a_block_that_arrived_out_of_order_is_noticed(
    tmp_path: Path, service: str, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Block 1 is refused until the end, so that nothing has arrived without a gap."""
    by_default(monkeypatch, Upload, settle_s=0.05)
    source = write_numbers(tmp_path / "in.csv", 3000)
    async with proxied(service, script("PATCH", "503", times=10_000)) as proxy:
        schedule = proxy.schedule
        proxy.schedule = lambda request: schedule(request) if request.block == 1 else None
        await cut_off(source, proxy, journal, name="edited_ahead", at=at_block(7))
    remaining = journal.remaining("Contacts")
    assert remaining.number == 1
    assert len(remaining.ahead) >= 2
    put_in(source, 20_000, b"X")
    with pytest.raises(JournalError, match="has changed since"):
        await filled(source, service, journal, name="edited_ahead")
    journal.close()


async def test_an_input_that_got_shorter_by_what_had_arrived_is_noticed(
    tmp_path: Path, service: str, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_default(monkeypatch, Upload, settle_s=0.05)
    source = write_numbers(tmp_path / "in.csv", 3000)
    async with proxied(service, script("PATCH", "503", times=10_000)) as proxy:
        schedule = proxy.schedule
        proxy.schedule = lambda request: schedule(request) if request.block == 1 else None
        await cut_off(source, proxy, journal, name="shorter", at=at_block(7))
    write_numbers(source, 200)
    with pytest.raises(JournalError, match="has changed since"):
        await filled(source, service, journal, name="shorter")
    journal.close()


async def test_an_edit_of_what_is_still_to_come_is_sent_as_it_is_now(
    tmp_path: Path, service: str, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_default(monkeypatch, CsvSource, chunk=1 << 15)
    source = write_numbers(tmp_path / "in.csv", 9000)
    async with proxied(service) as proxy:
        await cut_off(source, proxy, journal, name="edited_later", at=at_block(5))
    put_in(source, source.stat().st_size - 30, b"X")
    done = await filled(source, service, journal, name="edited_later")
    assert done.uploaded.resumed_blocks > 0
    fresh = Journal(None)
    assert done.totals == (await filled(source, service, fresh, name="edited_fresh")).totals
    journal.close()


async def test_an_input_that_changes_while_it_is_sent_is_told(
    tmp_path: Path, service: str, journal: Journal
) -> None:
    source = write_numbers(tmp_path / "in.csv", 3000)

    async def touch(request: Request) -> None:
        if request.block == 3:
            os.utime(source, ns=(1, 1))

    async with proxied(service, after=touch) as proxy:
        with pytest.raises(JournalError, match="changed while it was being sent"):
            await filled(source, proxy.url, journal, name="changing")
    journal.close()


async def test_a_name_that_is_taken_is_refused(tmp_path: Path, service: str, journal: Journal) -> None:
    source = write_numbers(tmp_path / "in.csv", 10)
    await filled(source, service, Journal(None), name="taken", complete=False)
    with pytest.raises(UsageError, match="'taken' is there already"):
        await filled(source, service, journal, name="taken")
    journal.close()


async def test_a_dataset_that_was_made_just_before_a_kill_is_taken_as_its_own(
    tmp_path: Path, service: str, journal: Journal
) -> None:
    source = write_numbers(tmp_path / "in.csv", 10)
    journal.put_all({"planned:Contacts": True})
    async with wired(service) as wire:
        await wire.datasets.create("half_made", {"number": "text", "text": "text"})
    assert (await filled(source, service, journal, name="half_made")).totals.accepted == 10
    journal.close()


async def test_one_of_the_same_name_with_other_columns_or_records_is_not(
    tmp_path: Path, service: str, journal: Journal
) -> None:
    source = write_numbers(tmp_path / "in.csv", 10)
    journal.put_all({"planned:Contacts": True})
    async with wired(service) as wire:
        await wire.datasets.create("not_ours", {"something": "text"})
    with pytest.raises(UsageError, match="is there already"):
        await filled(source, service, journal, name="not_ours")
    journal.close()


async def test_a_dataset_that_is_gone_is_sent_anew(tmp_path: Path, service: str, journal: Journal) -> None:
    source = write_numbers(tmp_path / "in.csv", 3000)
    told: list[Event] = []
    async with proxied(service) as proxy:
        await cut_off(source, proxy, journal, name="gone", at=at_block(5))
    async with wired(service) as wire:
        await wire.datasets.delete("gone")
    done = await filled(source, service, journal, name="gone", told=told)
    assert done.totals.accepted == 3000
    assert Note("The dataset 'gone' is gone from the service: it is sent anew.") in told
    journal.close()


async def test_done_already_it_is_sent_anew_when_it_is_gone_and_needed(
    tmp_path: Path, service: str, journal: Journal
) -> None:
    source = write_numbers(tmp_path / "in.csv", 3000)
    first = await filled(source, service, journal, name="gone_later")
    again = await filled(source, service, journal, name="gone_later", needed=True)
    assert again.uploaded.sent_blocks == 0
    async with wired(service) as wire:
        await wire.datasets.delete("gone_later")
        again = await filled(source, service, journal, name="gone_later", needed=True)
        assert (await wire.datasets.get("gone_later")).completed
    assert again.totals == first.totals
    assert again.uploaded.sent_blocks == first.totals.blocks
    journal.close()


async def test_done_already_another_dataset_of_its_name_is_not_taken_for_it(
    tmp_path: Path, service: str, journal: Journal
) -> None:
    source = write_numbers(tmp_path / "in.csv", 3000)
    await filled(source, service, journal, name="another_now")
    async with wired(service) as wire:
        await wire.datasets.delete("another_now")
        await wire.datasets.create("another_now", {"number": "text", "text": "text"})
    with pytest.raises(UsageError, match="not the one that this run has filled"):
        await filled(source, service, journal, name="another_now", needed=True)
    journal.close()


async def test_a_dataset_that_something_else_completes_is_told(
    tmp_path: Path, service: str, journal: Journal
) -> None:
    source = write_numbers(tmp_path / "in.csv", 3000)
    async with proxied(service) as proxy:
        await cut_off(source, proxy, journal, name="completed", at=at_block(5))
    arrived = journal.totals("Contacts").accepted
    async with wired(service) as wire:
        await wire.datasets.complete("completed", arrived)
    with pytest.raises(UsageError, match="was completed by something else before all was sent"):
        await filled(source, service, journal, name="completed")
    journal.close()


async def test_records_that_something_else_adds_are_noticed_with_both_figures(
    tmp_path: Path, service: str, journal: Journal
) -> None:
    source = write_numbers(tmp_path / "in.csv", 3000)

    async with wired(service) as other:

        async def add(request: Request) -> None:
            if request.block == 3:
                await other.datasets.put_block("added", 9999, b'[{"number":"x"}]', limiter=other.limiter)

        async with proxied(service, after=add) as proxy:
            with pytest.raises((VerificationError, RejectedError), match=r"3,?000.*3,?001|3,?001.*3,?000"):
                await filled(source, proxy.url, journal, name="added")
    journal.close()


def refuses_every_tenth(message: Message) -> bytes | None:
    if message.method != "PATCH":
        return None
    records = orjson.loads(message.body)["records"]
    bad = {
        f"records[{at}].number": ["is refused"] for at, one in enumerate(records) if one["number"][-1] == "7"
    }
    return an_answer("400 Bad Request", orjson.dumps({"errors": bad})) if bad else None


async def test_what_the_service_refuses_is_set_aside(tmp_path: Path, service: str, journal: Journal) -> None:
    source = write_numbers(tmp_path / "in.csv", 1000)
    async with proxied(service, stricter=refuses_every_tenth) as proxy:
        done = await filled(source, proxy.url, journal, name="refused")
    assert (done.totals.records, done.totals.accepted) == (1000, 900)
    assert done.totals.refused == done.totals.rejected == 100
    rejects = [reject for _, reject in journal.rejects("Contacts")]
    assert [reject.line for reject in rejects] == [number + 2 for number in range(1000) if number % 10 == 7]
    assert rejects[0].reason == "number: is refused"
    assert orjson.loads(rejects[0].record)["number"] == "00000007"
    journal.close()


async def test_without_a_place_for_them_the_first_one_stops_it_with_its_line(
    tmp_path: Path, service: str, journal: Journal
) -> None:
    source = write_numbers(tmp_path / "in.csv", 100)
    async with proxied(service, stricter=refuses_every_tenth) as proxy:
        with pytest.raises(InputError, match=r"line 9: number: is refused.*--rejects"):
            await filled(source, proxy.url, journal, name="strict", policy=RejectPolicy())
    journal.close()


@pytest.mark.parametrize(
    ("policy", "limit"),
    [
        (RejectPolicy(keep=True, most=99), "99"),
        (RejectPolicy(keep=True, most_percent=9.9), "9.9 %"),
    ],
)
async def test_too_many_stop_it_before_the_dataset_is_complete(
    policy: RejectPolicy, limit: str, tmp_path: Path, service: str, journal: Journal
) -> None:
    source = write_numbers(tmp_path / "in.csv", 1000)
    name = f"too_many_{policy.most is None}".lower()
    async with proxied(service, stricter=refuses_every_tenth) as proxy:
        with pytest.raises(TooManyRejectsError, match=f"more than the limit of {limit}"):
            await filled(source, proxy.url, journal, name=name, policy=policy)
    async with wired(service) as wire:
        assert not (await wire.datasets.get(name)).completed
    journal.close()


async def test_just_enough_are_no_more_than_enough(tmp_path: Path, service: str, journal: Journal) -> None:
    source = write_numbers(tmp_path / "in.csv", 1000)
    policy = RejectPolicy(keep=True, most=100, most_percent=10)
    async with proxied(service, stricter=refuses_every_tenth) as proxy:
        done = await filled(source, proxy.url, journal, name="just_enough", policy=policy)
    assert done.totals.rejected == 100
    journal.close()


async def test_equal_bad_records_on_one_line_are_counted_one_by_one_across_a_cut(
    tmp_path: Path, service: str, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An array that is all on one line, in which every tenth record is the same bad one."""
    by_default(monkeypatch, JsonSource, chunk=1 << 15)
    source = tmp_path / "in.json"
    records = [{"n": "x"} if at % 10 == 0 else {"n": at} for at in range(30_000)]
    source.write_bytes(orjson.dumps(records))
    async with proxied(service) as proxy:
        await cut_off(source, proxy, journal, name="one_line", at=at_block(20), types={"n": "int"})
        assert 0 < journal.reject_count() < 3000
        assert journal.remaining("Contacts").start.offset > 0
        done = await filled(source, proxy.url, journal, name="one_line", types={"n": "int"})
    assert (done.totals.accepted, done.totals.rejected) == (27_000, 3000)
    assert {(reject.line, reject.record) for _, reject in journal.rejects()} == {(1, '{"n":"x"}')}
    journal.close()
