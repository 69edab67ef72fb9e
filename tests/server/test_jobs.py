"""Jobs: what they make of their input, and what becomes of those that fail or are cancelled."""

from pathlib import Path
from typing import Any

import pytest
from yarl import URL

from asyncclean.server.job_run import SMALL_JOB
from asyncclean.workflows import registry
from tests.server.conftest import Api, api

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def more_workflows(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("Upper", "Lacking", "Stuck", "Killed", "Broken", "Dated"):
        monkeypatch.setitem(registry._MODULES, name, "tests.server.workflows")


def people(first: int, count: int) -> list[dict[str, Any]]:
    return [{"name": f"person {number}", "age": number} for number in range(first, first + count)]


def in_capitals(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    empty = {"height": None, "alive": None, "born": None}
    return [{**empty, **record, "name": record["name"].upper(), "changed": True} for record in records]


async def test_pass_through_gives_back_exactly_what_went_in(server: Api) -> None:
    records: list[dict[str, Any]] = [
        {"name": "0012", "age": -(2**63), "height": 1.5, "alive": True, "born": "2000-02-29"},
        {"name": None, "age": 2**63 - 1, "height": -0.0, "alive": False},
        {},
        {"born": "2000-01-01T00:00:00.0000000Z", "name": 'quote " back \\ \U0001f600 \u2028 \x01 },{ \n end'},
        {"name": ""},
    ]
    await server.dataset("a", records[:2], [], records[2:])
    await server.start("j", "a")
    job = await server.end_of("j")
    assert job["status"] == 2
    assert job["statistics"] == {"records": 5}
    assert job["percentComplete"] == 100
    assert await server.records(job["outputDatasets"]["Contacts"]) == records


@pytest.mark.parametrize("workflow", ["PassThrough", "Upper", "ContactCleanse"])
@pytest.mark.parametrize("blocks", [[], [[], []]], ids=["no blocks", "empty blocks"])
async def test_no_records_are_a_job_of_none(server: Api, workflow: str, blocks: list[list[Any]]) -> None:
    await server.dataset("a", *blocks)
    await server.start("j", "a", workflow)
    job = await server.end_of("j")
    assert (job["status"], job["percentComplete"]) == (2, 100)
    assert job["statistics"] == {"records": 0}
    (output,) = job["outputDatasets"].values()
    assert (await server.done("GET", f"/Dataset/{output}"))["recordCount"] == 0
    assert await server.records(output) == []


@pytest.mark.parametrize("blocks", [SMALL_JOB, SMALL_JOB + 3])
async def test_a_workflow_sees_every_block_in_order_in_a_thread_or_in_processes(
    server: Api, blocks: int
) -> None:
    sizes = [700, 1000, 1, 999, 300][:blocks]
    parts: list[list[Any]] = [people(sum(sizes[:index]), size) for index, size in enumerate(sizes)]
    await server.dataset("a", *parts)
    await server.start("j", "a", "Upper")
    job = await server.end_of("j")
    count = sum(sizes)
    assert job["statistics"] == {"records": count, "changed": count}
    assert await server.records(job["outputDatasets"]["Out"]) == in_capitals(people(0, count))
    output = await server.done("GET", f"/Dataset/{job['outputDatasets']['Out']}")
    assert output["recordCount"] == count
    assert (output["input"], output["completed"], output["columns"]["changed"]) == (False, True, 3)


async def test_a_workflow_may_drop_records(server: Api) -> None:
    await server.dataset("a", people(0, 1000), people(1000, 1000), people(2000, 500))
    await server.start("j", "a", "Upper", without="7")
    job = await server.end_of("j")
    expected = [record for record in people(0, 2500) if "7" not in record["name"]]
    assert await server.records(job["outputDatasets"]["Out"]) == in_capitals(expected)


async def test_a_workflow_that_depends_on_the_day_has_that_of_the_submission_or_the_one_given(
    server: Api,
) -> None:
    await server.dataset("a", people(0, 1))
    await server.start("today", "a", "Dated")
    await server.start("once", "a", "Dated", Day="2001-02-03")
    for name in ("today", "once"):
        job = await server.end_of(name)
        day = "2001-02-03" if name == "once" else job["submittedAt"][:10]
        assert [record["name"] for record in await server.records(job["outputDatasets"]["Out"])] == [day]


async def test_outputs_have_names_of_their_own(server: Api) -> None:
    await server.dataset("a", people(0, 1))
    await server.done("POST", "/Dataset", {"name": "j_1_out", "columns": {"x": 0}})
    names = []
    for job in ("J 1", "j.1", "J-1!"):
        await server.start(job, "a", "Upper")
        names.append((await server.end_of(job))["outputDatasets"]["Out"])
    assert len({"j_1_out", *names}) == 4
    assert all(name.startswith("j_1_out") for name in names)


@pytest.mark.parametrize("blocks", [1, SMALL_JOB + 1])
async def test_a_workflow_that_cannot_work_says_why(server: Api, blocks: int) -> None:
    await server.dataset("a", *[people(0, 2)] * blocks)
    await server.start("polite", "a", "Broken", politely="yes")
    assert (await server.end_of("polite"))["statistics"] == {"error": "The names are not to my liking."}
    await server.start("rude", "a", "Broken")
    job = await server.end_of("rude")
    assert job["status"] == 3
    assert job["statistics"] == {"error": "ZeroDivisionError: one by none."}
    assert job["outputDatasets"] == {}
    assert [one["name"] for one in await server.done("GET", "/Dataset")] == ["a"]


async def test_a_missing_column_or_an_unwanted_parameter_fails_the_job_with_the_reason(server: Api) -> None:
    await server.dataset("a", [{"x": "1"}], columns={"x": 0})
    await server.start("no name", "a", "Upper")
    assert (await server.end_of("no name"))["statistics"] == {"error": "Upper needs the column name."}
    await server.start("too much", "a", "PassThrough", depth="5")
    assert "takes no parameters" in (await server.end_of("too much"))["statistics"]["error"]


async def test_a_workflow_that_is_not_installed_fails_its_job_with_the_remedy(
    server: Api, caplog: pytest.LogCaptureFixture
) -> None:
    await server.dataset("a", people(0, 1))
    await server.start("j", "a", "Lacking")
    error = (await server.end_of("j"))["statistics"]["error"]
    assert error.startswith("Lacking needs the extra 'more'. Install it with")
    assert not caplog.records


async def test_a_block_whose_worker_is_killed_is_given_to_another(server: Api, tmp_path: Path) -> None:
    blocks = [people(number * 10, 10) for number in range(SMALL_JOB + 2)]
    await server.dataset("a", *blocks)
    await server.start("j", "a", "Killed", until=str(tmp_path / "mark"), once="yes")
    job = await server.end_of("j")
    assert (tmp_path / "mark").exists()
    assert await server.records(job["outputDatasets"]["Out"]) == in_capitals(people(0, 10 * len(blocks)))


async def test_a_block_that_kills_every_worker_fails_its_job_only(server: Api, tmp_path: Path) -> None:
    await server.dataset("a", *[people(0, 1)] * (SMALL_JOB + 1))
    await server.start("deadly", "a", "Killed", until=str(tmp_path / "never"))
    job = await server.end_of("deadly")
    assert job["status"] == 3
    assert "SIGKILL" in job["statistics"]["error"]
    await server.start("next", "a", "Upper")
    assert (await server.end_of("next"))["status"] == 2


@pytest.mark.parametrize("blocks", [1, SMALL_JOB + 1])
async def test_a_running_job_can_be_cancelled_and_leaves_nothing(
    server: Api, tmp_path: Path, blocks: int
) -> None:
    await server.dataset("a", *[people(0, 1)] * blocks)
    gate = tmp_path / "gate"
    await server.start("j", "a", "Stuck", until=str(gate))
    await server.job_when("j", lambda job: job["status"] == 1)
    assert (await server.call("DELETE", "/Dataset/a")).status == 409
    cancelled = await server.done("DELETE", "/Job/j")
    assert (cancelled["status"], cancelled["outputDatasets"]) == (4, {})
    assert cancelled["completedAt"] is not None
    assert await server.done("DELETE", "/Job/j") == cancelled
    gate.touch()
    await server.start("after", "a", "Upper")
    assert (await server.end_of("after"))["status"] == 2
    assert await server.done("GET", "/Job/j") == cancelled
    assert (await server.call("DELETE", "/Dataset/a")).status == 204


async def test_a_queued_job_can_be_cancelled_and_the_rest_go_on(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    async with api(tmp_path / "data", workers=1) as server:
        await server.dataset("a", people(0, 1))
        names = [f"j{number}" for number in range(6)]
        for name in names:
            await server.start(name, "a", "Stuck", until=str(gate))
        listed = await server.done("GET", "/Job")
        assert [job["name"] for job in listed] == names[::-1]
        assert (await server.done("DELETE", "/Job/j5"))["status"] == 4
        gate.touch()
        assert [(await server.end_of(name))["status"] for name in names] == [2, 2, 2, 2, 2, 4]


async def test_progress_is_told_while_a_job_runs(server: Api, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    await server.dataset("a", *[people(0, 10)] * (SMALL_JOB + 2))
    await server.start("j", "a", "Stuck", until=str(gate))
    job = await server.done("GET", "/Job/j")
    assert (job["percentComplete"], job["estimatedFinishTime"], job["completedAt"]) == (0, None, None)
    gate.touch()
    seen = [0.0]
    while (job := await server.done("GET", "/Job/j"))["completedAt"] is None:
        seen.append(job["percentComplete"])
        assert (job["estimatedFinishTime"] is None) == (job["percentComplete"] == 0)
    assert seen == sorted(seen)
    assert job["percentComplete"] == 100


async def test_jobs_that_a_stop_interrupted_run_again_and_give_the_same(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    blocks = [people(number * 1000, 1000) for number in range(SMALL_JOB + 2)]
    async with api(tmp_path / "data", workers=1) as server:
        await server.dataset("a", *blocks)
        await server.start("j", "a", "Stuck", until=str(gate))
        await server.job_when("j", lambda job: job["status"] == 1)
    gate.touch()
    async with api(tmp_path / "data", workers=1) as server:
        job = await server.end_of("j")
        assert [one["name"] for one in await server.done("GET", "/Dataset")] == ["a", "j_out"]
        assert await server.records(job["outputDatasets"]["Out"]) == in_capitals(people(0, 4000))


@pytest.mark.parametrize(
    ("change", "field", "said"),
    [
        ({"workflowName": "Nonsense"}, "workflowName", "PassThrough"),
        ({"workflowName": 7}, "workflowName", "must be text"),
        ({"inputDatasets": {}}, "inputDatasets.Contacts", "needs it"),
        ({"inputDatasets": {"Contacts": "a", "Others": "a"}}, "inputDatasets.Others", "no such input"),
        ({"inputDatasets": {"Contacts": "nowhere"}}, "inputDatasets.Contacts", "no dataset named 'nowhere'"),
        ({"inputDatasets": {"Contacts": "unfinished"}}, "inputDatasets.Contacts", "not complete"),
        ({"inputDatasets": {"Contacts": 1}}, "inputDatasets.Contacts", "must be text"),
        ({"parameters": {"depth": 5}}, "parameters.depth", "must be text"),
        ({"parameters": "no"}, "parameters", "must be an object"),
        ({"inputFilename": 5}, "inputFilename", "must be text"),
        ({"name": "taken"}, "name", "exists already"),
        ({"name": "a/b"}, "name", "'/'"),
        ({"name": "a\x07b"}, "name", "must not hold"),
        ({"name": ".."}, "name", "relative path"),
        ({"name": "x" * 201}, "name", "200 characters"),
        ({"name": " "}, "name", "empty"),
        ({"name": None}, "name", "must be text"),
    ],
)
async def test_a_job_that_cannot_be_is_refused(
    server: Api, change: dict[str, Any], field: str, said: str
) -> None:
    await server.dataset("a", people(0, 1))
    await server.done("POST", "/Dataset", {"name": "unfinished", "columns": {"x": 0}})
    await server.start("taken", "a")
    job = {"name": "j", "workflowName": "PassThrough", "inputDatasets": {"Contacts": "a"}} | change
    answer = await server.call("POST", "/Job", job)
    assert answer.status == 400
    assert said in answer.errors[field][0]


async def test_a_workflow_whose_libraries_are_missing_says_which(
    server: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(registry._MODULES, "Upper", "no_such_library.upper")
    await server.dataset("a", people(0, 1))
    job = {"name": "j", "workflowName": "Upper", "inputDatasets": {"Contacts": "a"}}
    answer = await server.call("POST", "/Job", job)
    assert "no_such_library" in answer.errors["workflowName"][0]
    assert "asyncclean[local]" in answer.errors["workflowName"][0]


async def test_odd_job_names_are_names_like_any_other(server: Api) -> None:
    await server.dataset("a", people(0, 1))
    names = [
        "Contact Deceased Check 3124",
        "x'; DROP TABLE jobs; --",
        "Ünïcödé 😀 %2F {y}",
        "50% & more #1;=+",
    ]
    for name in names:
        await server.start(name, "a")
    listed = await server.done("GET", "/Job")
    assert [job["name"] for job in listed] == names[::-1]
    for job in listed:
        location = URL(server.url + job["location"], encoded=True)
        assert (await server.done("GET", location))["name"] == job["name"]


async def test_jobs_are_listed_newest_first_in_pages_and_by_workflow_and_time(server: Api) -> None:
    await server.dataset("a", people(0, 1))
    for number in range(103):
        await server.start(f"j{number}", "a", "Upper" if number % 50 == 0 else "PassThrough")
    first, second, third = [await server.done("GET", f"/Job?page={page}") for page in (1, 2, 3)]
    names = [job["name"] for job in first + second]
    assert names == [f"j{number}" for number in reversed(range(103))]
    assert (len(first), len(second), third) == (100, 3, [])
    upper = await server.done("GET", "/Job?workflow=Upper")
    assert [job["name"] for job in upper] == ["j100", "j50", "j0"]
    moment = upper[1]["submittedAt"]
    since = await server.done("GET", "/Job", params={"startDate": moment, "workflow": "Upper"})
    until = await server.done("GET", "/Job", params={"endDate": moment, "workflow": "Upper"})
    assert [job["name"] for job in since] == ["j100", "j50"]
    assert [job["name"] for job in until] == ["j50", "j0"]
    day = moment[:10]
    assert len(await server.done("GET", "/Job", params={"startDate": day, "endDate": "9999-12-31"})) == 100
    assert await server.done("GET", "/Job?endDate=2001-01-01") == []
    for query in (
        "page=0",
        "page=x",
        "page=-1",
        "startDate=soon",
        "endDate=2020-13-01",
        "startDate=0001-01-01T00:00+23:59",
    ):
        assert (await server.call("GET", f"/Job?{query}")).status == 400


async def test_times_have_seven_decimals(server: Api) -> None:
    await server.dataset("a", people(0, 1))
    await server.start("j", "a")
    job = await server.end_of("j")
    for field in ("submittedAt", "completedAt", "estimatedFinishTime"):
        assert len(job[field]) == len("1970-01-01T00:00:00.0000000Z")
        assert job[field].endswith("0Z")
    assert job["submittedAt"] <= job["completedAt"]
