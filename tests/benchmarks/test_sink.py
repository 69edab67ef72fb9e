"""The sink as a process of its own, spoken to over real sockets."""

import contextlib
import http.client
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from benchmarks.sink.behaviour import Behaviour
from benchmarks.sink.process import RunningSink, running_sink


class Client:
    """One kept-alive connection."""

    def __init__(self, url: str) -> None:
        where = urlsplit(url)
        self.connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=30)

    def call(self, method: str, path: str, document: object = None) -> tuple[int, Any]:
        body = None if document is None else json.dumps(document)
        self.connection.request(method, path, body)
        answer = self.connection.getresponse()
        return answer.status, json.loads(answer.read())

    def close(self) -> None:
        self.connection.close()


@pytest.fixture(scope="module")
def process() -> Iterator[RunningSink]:
    with running_sink() as sink:
        yield sink


@pytest.fixture
def sink(process: RunningSink) -> RunningSink:
    process.reset(Behaviour())
    return process


@pytest.fixture
def client(sink: RunningSink) -> Iterator[Client]:
    with contextlib.closing(Client(sink.url)) as client:
        yield client


def block(number: int, *records: dict[str, str]) -> dict[str, object]:
    return {"blockNumber": number, "records": list(records)}


def test_blocks_are_discarded_and_counted(sink: RunningSink, client: Client) -> None:
    body = block(1, {"a": "x" * 1_000_000})
    assert [client.call("PATCH", "/Dataset/d/data", body)[0] for _ in range(3)] == [200] * 3
    seen = sink.statistics()
    assert (seen["answered"], seen["peak_in_flight"]) == (3, 1)
    assert seen["bytes"] == 3 * len(json.dumps(body))


def test_any_output_is_served_whole_and_in_part(sink: RunningSink, client: Client) -> None:
    status, shown = client.call("GET", "/Dataset/output_1500")
    assert (status, shown["recordCount"], shown["completed"]) == (200, 1500, True)
    _, first = client.call("GET", "/Dataset/output_1500/data?start=1&count=1000")
    _, rest = client.call("GET", "/Dataset/output_1500/data?start=1001&count=1000")
    _, middle = client.call("GET", "/Dataset/output_1500/data?start=999&count=4")
    assert (len(first), len(rest)) == (1000, 500)
    assert middle == first[998:] + rest[:2]
    assert first[0].keys() == shown["columns"].keys()


def test_an_upload_and_its_job_are_played_through(sink: RunningSink, client: Client) -> None:
    assert client.call("POST", "/Dataset", {"name": "d", "columns": {"a": 0}})[1]["recordCount"] == 0
    assert client.call("POST", "/Dataset", {"name": "d", "columns": {"a": 0}})[0] == 400
    client.call("PATCH", "/Dataset/d/data", block(1, {"a": "1"}))
    assert client.call("PUT", "/Dataset/d", {"recordCount": 7, "completed": True})[1]["completed"]
    job = {"name": "j", "workflowName": "PassThrough", "inputDatasets": {"Contacts": "d"}}
    assert client.call("POST", "/Job", job)[1]["outputDatasets"] == {"Output": "output_7"}
    assert client.call("GET", "/Job/j")[1]["completedAt"]
    assert client.call("GET", "/Job/k")[0] == 404


def test_in_check_mode_the_same_records_have_one_digest_however_they_are_cut(
    sink: RunningSink, client: Client
) -> None:
    sink.reset(Behaviour(check=True))
    one, two, three = {"a": "1"}, {"a": "2", "b": ""}, {"a": "3", "b": "x"}
    for name, blocks in {
        "together": [block(1, one, two, three)],
        "apart": [block(2, two, three), block(1, one)],
        "swapped": [block(1, two, one, three)],
    }.items():
        client.call("POST", "/Dataset", {"name": name, "columns": {"a": 0, "b": 0}})
        for sent in blocks:
            assert client.call("PATCH", f"/Dataset/{name}/data", sent)[0] == 200
    assert client.call("PUT", "/Dataset/apart", {"recordCount": 4, "completed": True})[0] == 400
    held = sink.statistics()["datasets"]
    assert held["together"]["digest"] == held["apart"]["digest"] != held["swapped"]["digest"]
    assert held["apart"]["records_seen"] == 3


def test_a_refusal_carries_retry_after(sink: RunningSink, client: Client) -> None:
    sink.reset(Behaviour(rate=0.001, burst=1.0, retry_after=2))
    assert client.call("PATCH", "/Dataset/d/data", block(1))[0] == 200
    client.connection.request("PATCH", "/Dataset/d/data", json.dumps(block(2)))
    answer = client.connection.getresponse()
    assert (answer.status, answer.getheader("Retry-After")) == (429, "2")
    answer.read()
    assert sink.statistics()["refused"] == 1


def test_faults_arrive_as_ordered(sink: RunningSink, client: Client) -> None:
    sink.reset(Behaviour(fault_every=1, faults=("503", "truncate", "reset")))
    assert client.call("PATCH", "/Dataset/d/data", block(1))[0] == 503
    client.connection.request("GET", "/Dataset/output_10/data?start=1&count=10")
    with pytest.raises(http.client.IncompleteRead):
        client.connection.getresponse().read()
    client.close()
    with pytest.raises(ConnectionResetError):
        client.call("PATCH", "/Dataset/d/data", block(1))
    assert sink.statistics()["broken"] == 3


def test_what_is_not_understood_is_a_problem_not_a_crash(sink: RunningSink, client: Client) -> None:
    assert client.call("POST", "/Dataset", ["no", "object"])[0] == 400
    assert client.call("GET", "/Dataset/output_5/data?start=zero")[0] == 400
    assert client.call("GET", "/nowhere")[0] == 404
