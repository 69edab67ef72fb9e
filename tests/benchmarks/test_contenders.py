"""All contenders do the same work: the same records arrive, the same records are written."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks import ours
from benchmarks.bench import Bench, benching
from benchmarks.peers import catalogue
from benchmarks.peers.catalogue import Peer
from benchmarks.rounds import Case, Runs
from benchmarks.scenarios import comparison
from benchmarks.sink.behaviour import Behaviour

RECORDS = 2500
CHECKED = Behaviour(check=True)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("ASYNCCLEAN_BENCHMARK_DATA", str(tmp_path_factory.mktemp("data")))
        with benching(rounds=1, quick=True) as bench:
            yield bench


def held(runs: Runs) -> dict[str, Any]:
    """What the sink holds of the one dataset of the one run."""
    ((run,),) = runs.values()
    (dataset,) = run["sink"]["datasets"].values()
    return {key: dataset[key] for key in ("records_seen", "digest")}


@pytest.fixture(scope="module")
def sent_by_us(bench: Bench) -> dict[str, Any]:
    command = ours.upload(bench.file(RECORDS), bench.sink.url)
    return held(bench.run([Case(ours.NAME, command, RECORDS, ours.moved)], behaviour=CHECKED))


@pytest.mark.parametrize(
    "peer",
    [catalogue.EXPERT, catalogue.AIOHTTP, catalogue.HTTPX, catalogue.DLT],
    ids=lambda peer: peer.name,
)
def test_every_uploader_sends_the_same_records(bench: Bench, sent_by_us: dict[str, Any], peer: Peer) -> None:
    cases = bench.peer(peer, RECORDS, bench.file(RECORDS), bench.sink.url)
    if not cases:
        pytest.skip(f"{', '.join(peer.missing())} is not installed")
    found = held(bench.run(cases, behaviour=CHECKED))
    assert found["records_seen"] == RECORDS
    if peer is not catalogue.DLT:  # which numbers the blocks as its threads get to them
        assert found == sent_by_us


@pytest.mark.parametrize("peer", [catalogue.AIOHTTP_DOWN, catalogue.HTTPX_DOWN], ids=lambda peer: peer.name)
def test_every_downloader_writes_the_same_records(bench: Bench, peer: Peer) -> None:
    cases = bench.peer(peer, RECORDS, bench.sink.url, f"output_{RECORDS}", bench.out("out.csv"))
    if not cases:
        pytest.skip(f"{', '.join(peer.missing())} is not installed")
    bench.run(cases)
    theirs = rows(bench.out("out.csv"))
    command = ours.download(f"output_{RECORDS}", bench.out("out.csv"), bench.sink.url)
    bench.run([Case(ours.NAME, command, RECORDS, ours.moved)])
    assert len(theirs) == RECORDS
    assert rows(bench.out("out.csv")) == theirs


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_whole_job_of_a_peer_comes_back_whole(bench: Bench) -> None:
    out = bench.out("job.csv")
    bench.run(bench.peer(catalogue.AIOHTTP_JOB, RECORDS, bench.file(RECORDS), bench.sink.url, out))
    assert len(rows(out)) == RECORDS


def test_a_table_has_a_row_for_each_contender(bench: Bench) -> None:
    url = bench.sink.url
    command = ours.upload(bench.file(RECORDS), url)
    cases = [
        Case(ours.NAME, command, RECORDS, ours.moved),
        *bench.peer(catalogue.AIOHTTP, RECORDS, bench.file(RECORDS), url),
        *bench.peer(catalogue.ENCODING, RECORDS, bench.file(RECORDS)),
        *bench.peer(catalogue.BARE, RECORDS, "upload", RECORDS, url),
    ]
    runs = bench.run(cases)
    table = comparison.table("Upload", runs, ours.NAME).markdown()
    assert [line.split("|")[1].split("(")[0].strip(" *") for line in table.splitlines()[4:]] == list(runs)
    assert runs[ours.NAME][0]["sink"]["answered"] == 3
    assert runs[ours.NAME][0]["peak_mb"] > 0
