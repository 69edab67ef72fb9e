"""Datasets: made, filled, completed, listed, removed; and refused, with the field at fault."""

from pathlib import Path
from typing import Any

import anyio
import pytest

from tests.server.conftest import COLUMNS, Api, api

pytestmark = pytest.mark.anyio


async def test_a_new_dataset_is_an_empty_incomplete_input(server: Api) -> None:
    columns = {"firstname": 0, "lastname": 0, "priority": 1}
    answer = await server.call("POST", "/Dataset", {"name": "sample_dataset_1", "columns": columns})
    expected = {
        "name": "sample_dataset_1",
        "columns": columns,
        "input": True,
        "recordCount": 0,
        "completed": False,
    }
    assert answer.status == 201
    assert answer.headers["Location"] == "/Dataset/sample_dataset_1"
    assert answer.json == expected == await server.done("GET", "/Dataset/sample_dataset_1")
    assert list(answer.json["columns"]) == list(columns)


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ({"columns": {"a": 0}}, "name"),
        ({"name": "", "columns": {"a": 0}}, "name"),
        ({"name": "Upper", "columns": {"a": 0}}, "name"),
        ({"name": "1st", "columns": {"a": 0}}, "name"),
        ({"name": "_x", "columns": {"a": 0}}, "name"),
        ({"name": "a" * 129, "columns": {"a": 0}}, "name"),
        ({"name": "../etc/passwd", "columns": {"a": 0}}, "name"),
        ({"name": "a\n", "columns": {"a": 0}}, "name"),
        ({"name": "a'; DROP TABLE datasets; --", "columns": {"a": 0}}, "name"),
        ({"name": "taken", "columns": {"a": 0}}, "name"),
        ({"name": ["a"], "columns": {"a": 0}}, "name"),
        ({"name": "a"}, "columns"),
        ({"name": "a", "columns": {}}, "columns"),
        ({"name": "a", "columns": ["x"]}, "columns"),
        ({"name": "a", "columns": {f"c{number}": 0 for number in range(4097)}}, "columns"),
        ({"name": "a", "columns": {"First Name": 0}}, "columns.First Name"),
        ({"name": "a", "columns": {"x": 5}}, "columns.x"),
        ({"name": "a", "columns": {"x": True}}, "columns.x"),
        ({"name": "a", "columns": {"x": "0"}}, "columns.x"),
    ],
)
async def test_a_dataset_that_cannot_be_is_refused(server: Api, document: Any, field: str) -> None:
    await server.done("POST", "/Dataset", {"name": "taken", "columns": {"a": 0}})
    answer = await server.call("POST", "/Dataset", document)
    assert answer.status == 400
    assert list(answer.errors) == [field]
    assert [one["name"] for one in await server.done("GET", "/Dataset")] == ["taken"]


async def test_the_same_block_number_again_overwrites_its_records(server: Api) -> None:
    await server.done("POST", "/Dataset", {"name": "a", "columns": COLUMNS})
    for number, names in [(7, "ab"), (2, "cde"), (7, "f"), (2, ""), (2**31 - 1, "z"), (0, "0"), (2, "gh")]:
        assert (await server.put_block("a", number, [{"name": name} for name in names])).status == 204
    assert (await server.done("GET", "/Dataset/a"))["recordCount"] == 5
    await server.done("PUT", "/Dataset/a", {"recordCount": 5, "completed": True})
    await server.start("j", "a")
    output = (await server.end_of("j"))["outputDatasets"]["Contacts"]
    assert [record["name"] for record in await server.records(output)] == ["0", "g", "h", "f", "z"]


async def test_blocks_of_one_number_sent_at_once_leave_one_of_them_whole(server: Api) -> None:
    await server.done("POST", "/Dataset", {"name": "a", "columns": COLUMNS})

    async def send(version: int) -> None:
        records = [{"name": f"v{version}"}] * (version + 1)
        assert (await server.put_block("a", 5, records)).status == 204

    async with anyio.create_task_group() as tasks:
        for version in range(40):
            tasks.start_soon(send, version)
    count = (await server.done("GET", "/Dataset/a"))["recordCount"]
    await server.done("PUT", "/Dataset/a", {"recordCount": count, "completed": True})
    await server.start("j", "a")
    output = (await server.end_of("j"))["outputDatasets"]["Contacts"]
    assert await server.records(output) == [{"name": f"v{count - 1}"}] * count


async def test_completing_needs_the_right_count_and_ends_all_change(server: Api) -> None:
    await server.done("POST", "/Dataset", {"name": "a", "columns": COLUMNS})
    await server.put_block("a", 1, [{"name": "x"}, {"name": "y"}])
    wrong = await server.call("PUT", "/Dataset/a", {"recordCount": 1_234, "completed": True})
    assert wrong.status == 400
    assert "1,234" in wrong.errors["recordCount"][0]
    assert "2 were" in wrong.errors["recordCount"][0]
    for document, field in [
        ({"recordCount": -1, "completed": True}, "recordCount"),
        ({"recordCount": True, "completed": True}, "recordCount"),
        ({"completed": True}, "recordCount"),
        ({"recordCount": 2}, "completed"),
        ({"recordCount": 2, "completed": False}, "completed"),
    ]:
        assert list((await server.call("PUT", "/Dataset/a", document)).errors) == [field]
    done = await server.done("PUT", "/Dataset/a", {"recordCount": 2, "completed": True})
    assert (done["recordCount"], done["completed"]) == (2, True)
    assert (await server.call("PUT", "/Dataset/a", {"recordCount": 2, "completed": True})).status == 400
    late = await server.put_block("a", 1, [])
    assert late.status == 400
    assert "complete" in late.json["detail"]


async def test_an_output_cannot_be_changed_and_an_input_not_downloaded(server: Api) -> None:
    await server.dataset("a", [{"name": "x"}])
    await server.start("j", "a")
    output = (await server.end_of("j"))["outputDatasets"]["Contacts"]
    assert (await server.put_block(output, 1, [])).status == 400
    assert (
        await server.call("PUT", f"/Dataset/{output}", {"recordCount": 1, "completed": True})
    ).status == 400
    refused = await server.call("GET", "/Dataset/a/data?start=1&count=1")
    assert refused.status == 400
    assert "output" in refused.json["detail"]


async def test_any_range_of_an_output_can_be_had(server: Api) -> None:
    records = [{"name": str(number)} for number in range(2_345)]
    await server.dataset("a", records[:1000], records[1000:1500], records[1500:])
    await server.start("j", "a")
    output = (await server.end_of("j"))["outputDatasets"]["Contacts"]
    ranges = [(1, 1000), (1001, 1000), (2001, 1000), (1, 1), (1000, 2), (1501, 1000), (2345, 9), (2346, 1)]
    for start, count in [*ranges, (2**53, 1000)]:
        page = await server.done("GET", f"/Dataset/{output}/data?start={start}&count={count}")
        assert page == records[start - 1 : start - 1 + count]
    wrong = ["", "start=1", "count=1", "start=0&count=1", "start=1&count=0", "start=1&count=1001"]
    for query in [*wrong, "start=-1&count=1", "start=1.5&count=1", "start=x&count=1", "start=1&count=٣"]:
        assert (await server.call("GET", f"/Dataset/{output}/data?{query}")).status == 400


async def test_names_that_are_not_there_are_not_found(server: Api) -> None:
    for name in (
        "nothing",
        "..%2F..%2Fetc%2Fpasswd",
        "%00",
        "%FF",
        "a'%20OR%20'1'='1",
        "%F0%9F%98%80",
        "x" * 5000,
    ):
        for method, rest, document in [
            ("GET", "", None),
            ("DELETE", "", None),
            ("PUT", "", {"recordCount": 0, "completed": True}),
            ("PATCH", "/data", {"blockNumber": 1, "records": []}),
            ("GET", "/data?start=1&count=1", None),
        ]:
            answer = await server.call(method, f"/Dataset/{name}{rest}", document)
            assert answer.status == 404, (method, name)
            assert answer.headers["Content-Type"] == "application/problem+json"
        assert (await server.call("GET", f"/Job/{name}")).status == 404
        assert (await server.call("DELETE", f"/Job/{name}")).status == 404


async def test_a_removed_dataset_is_gone_and_its_name_is_free(server: Api) -> None:
    await server.done("POST", "/Dataset", {"name": "a", "columns": COLUMNS})
    for number in range(5):
        await server.put_block("a", number, [{"name": "x"}])
    assert (await server.call("DELETE", "/Dataset/a")).status == 204
    assert (await server.call("GET", "/Dataset/a")).status == 404
    assert (await server.call("DELETE", "/Dataset/a")).status == 404
    await server.dataset("a", [{"other": 1}], columns={"other": 1})
    await server.start("j", "a")
    output = (await server.end_of("j"))["outputDatasets"]["Contacts"]
    assert await server.records(output) == [{"other": 1}]
    for name in ("a", output):
        assert (await server.call("DELETE", f"/Dataset/{name}")).status == 204
    assert await server.done("GET", "/Dataset") == []
    assert (await server.done("GET", "/Job/j"))["inputDatasets"] == {"Contacts": "a"}


async def test_datasets_are_listed_by_name_in_pages_with_filters(server: Api) -> None:
    async def create(name: str) -> None:
        await server.done("POST", "/Dataset", {"name": name, "columns": {"x": 0}})

    names = sorted(f"d{number:x}" for number in range(150))
    async with anyio.create_task_group() as tasks:
        for name in names:
            tasks.start_soon(create, name)
    await server.dataset("aa", [{"x": "1"}], columns={"x": 0})
    await server.start("zz", "aa")
    output = (await server.end_of("zz"))["outputDatasets"]["Contacts"]
    first, second, third = [await server.done("GET", f"/Dataset?page={page}") for page in (1, 2, 3)]
    assert [one["name"] for one in first + second] == ["aa", *names, output]
    assert (len(first), len(second), third) == (100, 52, [])
    assert first[0] == {"name": "aa", "input": True, "location": "/Dataset/aa"}
    inputs = await server.done("GET", "/Dataset?includeOutputs=false&page=2")
    assert [one["name"] for one in inputs] == names[99:]
    outputs = await server.done("GET", "/Dataset?includeInputs=False")
    assert [(one["name"], one["input"]) for one in outputs] == [(output, False)]
    assert await server.done("GET", "/Dataset?includeInputs=false&includeOutputs=0") == []
    for query in ("page=0", "page=two", "page=99999999999999999999", "includeInputs=perhaps"):
        assert (await server.call("GET", f"/Dataset?{query}")).status == 400


async def test_everything_is_there_again_after_a_restart(tmp_path: Path) -> None:
    async with api(tmp_path / "data", workers=1) as server:
        await server.dataset("a", [{"name": "x"}, {"age": 1}])
        await server.start("j", "a")
        job = await server.end_of("j")
        await server.done("POST", "/Dataset", {"name": "open", "columns": COLUMNS})
        await server.put_block("open", 3, [{"name": "y"}])
    async with api(tmp_path / "data", workers=1) as server:
        assert await server.done("GET", "/Job/j") == job
        assert await server.records(job["outputDatasets"]["Contacts"]) == [{"name": "x"}, {"age": 1}]
        assert (await server.done("GET", "/Dataset/open"))["recordCount"] == 1
        assert (await server.put_block("open", 4, [{"name": "z"}])).status == 204
        assert (await server.done("GET", "/Dataset/a"))["completed"]
