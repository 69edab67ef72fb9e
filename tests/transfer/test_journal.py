"""The journal: what was recorded is there after a kill, whole transactions only, and for one run alone."""

import contextlib
import fcntl
import multiprocessing
import os
import signal
import sqlite3
import threading
import zlib
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest

from asyncclean.errors import JournalError, OutputError
from asyncclean.files.blocks import Position, Reject
from asyncclean.transfer import journal_file
from asyncclean.transfer.journal import Acknowledged, Journal, Refused, journal_path


def a_block(number: int, json: bytes = b"[]") -> Acknowledged:
    return Acknowledged(
        number=number,
        slice=number,
        slice_blocks=1,
        records=1000,
        accepted=1000,
        checksum=zlib.crc32(json),
        bytes=len(json),
        start=Position(offset=50_000 * number, skip=7, line=1000 * number),
        source_bytes=60_000 * number,
        source_checksum=number,
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return journal_path(tmp_path / "cleaned.csv")


def test_it_lies_beside_the_output_for_its_owner_alone(path: Path) -> None:
    assert path.name == "cleaned.csv.asyncclean"
    journal = Journal(path)
    journal.put(dataset="d")
    modes = {file.name: file.stat().st_mode & 0o777 for file in path.parent.iterdir()}
    assert set(modes.values()) == {0o600}, modes
    journal.close()


def test_facts_are_there_after_it_was_closed(path: Path) -> None:
    journal = Journal(path)
    assert not journal.resumed
    journal.put(dataset="contacts_1", started=False)
    journal.put_all({"pins:input": {"size": 5}, "started": True})
    journal.close()

    journal = Journal(path)
    assert journal.resumed
    assert journal.get("dataset") == "contacts_1"
    assert journal.get("pins:input") == {"size": 5}
    assert journal.get("started") is True
    assert journal.get("unheard of") is None
    assert {"dataset", "started", "pins:input", "version", "created"} == set(journal.facts())
    journal.close()


def test_one_in_memory_leaves_no_file(tmp_path: Path) -> None:
    journal = Journal(None)
    journal.put(dataset="d")
    assert journal.get("dataset") == "d"
    assert not journal.resumed
    journal.remove()
    assert list(tmp_path.iterdir()) == []


def test_what_is_acknowledged_comes_back_as_what_remains(path: Path) -> None:
    journal = Journal(path)
    journal.acknowledge("Contacts", [a_block(1), a_block(4)])
    journal.acknowledge("Contacts", [a_block(3), a_block(2)])
    journal.acknowledge("Contacts", [a_block(9)])
    journal.acknowledge("Accounts", [a_block(1)])
    remaining = journal.remaining("Contacts")
    assert remaining.number == 5
    assert remaining.start == Position(200_000, 1007, 4000)
    assert set(remaining.ahead) == {9}
    assert remaining.ahead[9] == a_block(9)
    assert journal.remaining("Accounts").number == 2
    journal.close()


def test_the_checksum_is_that_of_all_json_in_order(path: Path) -> None:
    journal = Journal(path)
    parts = [b'[{"a":1}]', b'[{"a":2},{"a":3}]', b"[]"]
    for number in (3, 1, 2):
        journal.acknowledge("Contacts", [a_block(number, parts[number - 1])])
    totals = journal.totals("Contacts")
    assert totals.checksum == zlib.crc32(b"".join(parts))
    assert totals.bytes == sum(map(len, parts))
    assert (totals.blocks, totals.records, totals.accepted) == (3, 3000, 3000)
    assert Journal(None).totals("Contacts").checksum == 0
    journal.close()


def test_a_reject_that_is_read_or_refused_again_is_one_reject(path: Path) -> None:
    journal = Journal(path)
    unreadable = Refused(Reject(12, "too few cells", "a,b"))
    refused = Refused(Reject(20, "email: is none", '{"email":"x"}'), block=3, ordinal=4)
    for _ in range(2):
        journal.acknowledge("Contacts", [], [unreadable, refused])
    assert list(journal.rejects()) == [("Contacts", unreadable.reject), ("Contacts", refused.reject)]
    assert journal.reject_count() == journal.reject_count("Contacts") == 2
    assert journal.totals("Contacts").refused == 1
    assert journal.totals("Contacts").rejected == 2
    journal.close()


def test_records_that_share_a_line_are_told_apart(path: Path) -> None:
    journal = Journal(path)
    same_words = Reject(1, "is none", '{"email":"x"}')
    journal.acknowledge("Contacts", [], [Refused(same_words, 1, 0), Refused(same_words, 1, 1)])
    journal.acknowledge("Contacts", [], [Refused(Reject(1, "is no object", text)) for text in "12"])
    nulls = [Refused(Reject(1, "is no object", "null"), ordinal=at, offset=at * 100) for at in range(3)]
    journal.acknowledge("Contacts", [], nulls)
    assert journal.reject_count() == 7
    assert journal.rejects_before("Contacts", Position(200, 5, 1)) == {"1": 1, "2": 1, "null": 2}
    assert journal.rejects_before("Contacts", Position(200, 5, 2)) == {}
    journal.close()


def test_rejects_come_in_the_order_of_the_source(path: Path) -> None:
    journal = Journal(path)
    for line in (30, 10, 20):
        journal.acknowledge("Contacts", [], [Refused(Reject(line, "bad", str(line)))])
    assert [reject.line for _, reject in journal.rejects("Contacts")] == [10, 20, 30]
    journal.close()


def test_an_input_can_be_forgotten_without_the_others(path: Path) -> None:
    journal = Journal(path)
    for key in ("Contacts", "Accounts"):
        journal.acknowledge(key, [a_block(1)], [Refused(Reject(1, "bad", "x"))])
    journal.forget("Contacts")
    assert journal.totals("Contacts").blocks == journal.totals("Contacts").rejected == 0
    assert journal.totals("Accounts").blocks == journal.totals("Accounts").rejected == 1
    journal.close()


def test_removing_it_leaves_nothing_and_may_be_done_twice(path: Path) -> None:
    journal = Journal(path)
    journal.put(dataset="d")
    journal.remove()
    journal.remove()
    assert not journal.is_open
    assert list(path.parent.iterdir()) == []


def test_a_second_run_in_this_process_is_turned_away_and_does_no_harm(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("asyncclean.transfer.journal_file.LOCK_S", 0.01)
    journal = Journal(path)
    journal.put(dataset="d")
    with pytest.raises(JournalError, match="Another run is writing to the same output"):
        Journal(path)
    with pytest.raises(JournalError, match="Another run"):
        Journal(path, fresh=True)
    journal.put(started=True)
    journal.close()
    journal = Journal(path)
    assert journal.facts().keys() >= {"dataset", "started"}
    journal.close()


def _hold(path: Path, told: Connection) -> None:
    Journal(path).put(dataset="theirs")
    told.send(1)
    signal.pause()


@pytest.fixture(scope="module")
def processes() -> ForkServerContext:
    """Other processes, quickly: each is forked from one that has the modules already."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    return context


def test_a_run_in_another_process_is_turned_away_until_that_one_is_killed(
    path: Path, processes: ForkServerContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("asyncclean.transfer.journal_file.LOCK_S", 0.01)
    here, there = processes.Pipe()
    other = processes.Process(target=_hold, args=(path, there))
    other.start()
    assert here.recv() == 1
    with pytest.raises(JournalError, match="Another run"):
        Journal(path)
    other.kill()
    other.join()
    journal = Journal(path)
    assert journal.get("dataset") == "theirs"
    journal.close()


def _write_pairs(path: Path, told: Connection) -> None:
    journal = Journal(path)
    number = journal.remaining("Contacts").number
    while True:
        pair = [a_block(number), a_block(number + 1)]
        journal.acknowledge("Contacts", pair, [Refused(Reject(number, "bad", "x" * 5000), number)])
        told.send(number + 1)
        number += 2


def test_a_kill_at_any_instant_leaves_whole_transactions_and_all_that_were_told(
    path: Path, processes: ForkServerContext
) -> None:
    for enough in range(30):
        here, there = processes.Pipe()
        writer = processes.Process(target=_write_pairs, args=(path, there))
        writer.start()
        there.close()
        told = [here.recv() for _ in range(enough % 7 + 1)]
        writer.kill()
        writer.join()
        with contextlib.suppress(EOFError, OSError):
            while True:
                told.append(here.recv())

        journal = Journal(path)
        remaining = journal.remaining("Contacts")
        totals = journal.totals("Contacts")
        journal.close()
        assert remaining.number - 1 >= told[-1]
        assert remaining.number % 2 == 1, "a pair is recorded as one"
        assert not remaining.ahead
        assert totals.rejected == totals.blocks // 2


def test_a_transaction_that_was_cut_off_by_a_kill_is_taken_back(path: Path, tmp_path: Path) -> None:
    """The file and its sidecar as a kill leaves them in the middle of a commit."""
    journal = Journal(path)
    journal.acknowledge("Contacts", [a_block(number) for number in range(1, 2000)])
    journal.close()
    sidecar = path.with_name(path.name + "-journal")

    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA cache_spill=1")
    db.execute("PRAGMA cache_size=1")
    db.execute("BEGIN")
    db.execute("UPDATE acknowledged SET accepted = 0")
    torn = (path.read_bytes(), sidecar.read_bytes())
    db.execute("ROLLBACK")
    db.close()
    assert torn[0] != path.read_bytes(), "some of it had reached the file"
    path.write_bytes(torn[0])
    sidecar.write_bytes(torn[1])

    journal = Journal(path)
    assert journal.totals("Contacts").accepted == 1999 * 1000
    journal.close()


def test_a_file_made_just_before_a_kill_is_a_new_journal(path: Path) -> None:
    path.touch(0o600)
    journal = Journal(path)
    assert not journal.resumed
    journal.put(dataset="d")
    journal.close()


@pytest.mark.parametrize("size", [100, 4096, 9000])
def test_a_torn_file_is_told_of_and_replaced_only_on_demand(path: Path, size: int) -> None:
    journal = Journal(path)
    journal.acknowledge("Contacts", [a_block(number) for number in range(1, 1000)])
    journal.close()
    os.truncate(path, size)
    with pytest.raises(JournalError, match="--fresh"):
        Journal(path).totals("Contacts")
    journal = Journal(path, fresh=True)
    assert not journal.resumed
    assert journal.totals("Contacts").blocks == 0
    journal.close()


def test_a_file_of_something_else_is_not_touched(path: Path) -> None:
    path.write_text("my notes about asyncclean\n" * 100)
    with pytest.raises(JournalError, match="not a journal that can be read"):
        Journal(path)
    assert path.read_text().startswith("my notes")


def test_another_versions_journal_is_refused(path: Path) -> None:
    journal = Journal(path)
    journal.put(version=99)
    journal.close()
    with pytest.raises(JournalError, match="another version"):
        Journal(path)
    Journal(path, fresh=True).remove()


def test_of_two_fresh_runs_over_one_unreadable_file_one_is_told_of_the_other(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second puts its own file there when the first has looked and is about to delete what it saw."""
    path.write_text("no journal\n" * 100)
    looked = threading.Event()
    inode = journal_file._inode

    def look(file: Path) -> int:
        found = inode(file)
        looked.set()
        return found

    folder = os.open(path.parent, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)  # as one that deletes has it
    monkeypatch.setattr(journal_file, "_inode", look)
    with ThreadPoolExecutor(1) as other:
        first = other.submit(Journal, path, fresh=True)
        assert looked.wait(60)
        path.unlink()
        second = Journal(path)
        os.close(folder)
        with pytest.raises(JournalError, match="Another run"):
            first.result()
    second.put(dataset="d")
    second.close()
    again = Journal(path)
    assert again.get("dataset") == "d"
    again.close()


def test_a_run_that_waited_for_one_that_ended_begins_with_a_new_file(path: Path) -> None:
    """The file that it had opened is gone from its place when it gets the lock."""
    first = Journal(path)
    first.put(dataset="d")
    with ThreadPoolExecutor(1) as other:
        second = other.submit(Journal, path)
        while not any(thread.name.startswith("ThreadPool") for thread in threading.enumerate()):
            pass
        first.remove()
        journal = second.result()
    assert not journal.resumed
    journal.put(dataset="e")
    assert path.exists()
    journal.close()


def test_a_symbolic_link_in_its_place_is_refused(path: Path, tmp_path: Path) -> None:
    target = tmp_path / "elsewhere"
    path.symlink_to(target)
    with pytest.raises(OutputError, match="not a plain file"):
        Journal(path)
    assert not target.exists()


def test_a_folder_that_is_not_there_is_told_of(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="No such file or directory"):
        Journal(tmp_path / "nowhere" / "cleaned.csv.asyncclean")
