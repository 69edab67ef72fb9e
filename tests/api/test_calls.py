"""The calls on datasets and jobs: what goes out, what comes back, and answers that got lost."""

import gzip
import sys
import zlib
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import orjson
import pytest
import zstandard
from aiohttp import web

from asyncclean.api.compression import Encoding, compressed
from asyncclean.api.datasets import Datasets
from asyncclean.api.jobs import Jobs
from asyncclean.api.models import JobRequest
from asyncclean.api.pacing import Limiter
from asyncclean.errors import NotFoundError, ProtocolError, RejectedError, UsageError, VerificationError
from asyncclean.events import Event, Note
from tests.api.service import Step, answer, connected, copy_of, hang_up, serving

pytestmark = pytest.mark.anyio

OPEN = {"name": "a", "columns": {"id": 0, "age": 1}, "input": True, "recordCount": 0, "completed": False}
DONE = {**OPEN, "recordCount": 5, "completed": True}
KINDS: Any = {"id": "text", "age": "int"}
JOB = {
    "name": "j",
    "workflowName": "W",
    "inputDatasets": {"Contacts": "a"},
    "parameters": {"P": "1"},
    "status": 0,
}
REQUEST = JobRequest("j", "W", {"Contacts": "a"}, {"P": "1"}, "in.csv")


def once(step: Step, then: Callable[[web.Request], web.Response]) -> Callable[[web.Request], Any]:
    """``step`` to the first POST or PUT, then as ``then`` says."""
    state = {"first": True}

    def handle(request: web.Request) -> Any:
        if request.method in ("POST", "PUT") and state["first"]:
            state["first"] = False
            return copy_of(step) if isinstance(step, web.Response) else step(request)
        return then(request)

    return handle


async def test_create_says_names_and_codes() -> None:
    async with serving(answer(OPEN)) as service, connected(service) as connection:
        held = await Datasets(connection).create("a", KINDS)
        assert service.asked[0].json == {"name": "a", "columns": {"id": 0, "age": 1}}
    assert (held.name, held.columns, held.completed) == ("a", KINDS, False)


async def test_a_kind_that_the_service_has_no_code_for_is_wrong_usage() -> None:
    async with serving(answer(OPEN)) as service, connected(service) as connection:
        with pytest.raises(UsageError, match="no type for 'decimal'"):
            await Datasets(connection, {"text": 0}).create("a", {"x": "decimal"})


@pytest.mark.parametrize("doubt", [hang_up, answer({}, 500), web.Response(body=b"<html>", status=502)])
async def test_a_dataset_whose_creation_was_not_answered_is_adopted(doubt: Step) -> None:
    def then(request: web.Request) -> web.Response:
        return answer({"errors": {"name": ["is taken"]}}, 400) if request.method == "POST" else answer(OPEN)

    async with serving(once(doubt, then)) as service, connected(service) as connection:
        held = await Datasets(connection).create("a", KINDS)
    assert held.columns == KINDS


async def test_one_that_is_there_and_is_another_is_a_conflict() -> None:
    other = {**OPEN, "columns": {"colour": 0}}

    def then(request: web.Request) -> web.Response:
        return answer({}, 400) if request.method == "POST" else answer(other)

    async with serving(once(hang_up, then)) as service, connected(service) as connection:
        with pytest.raises(UsageError, match=r"is another.*colour"):
            await Datasets(connection).create("a", KINDS)


async def test_one_that_was_there_before_is_not_adopted() -> None:
    async with serving(answer({"errors": {"name": ["is taken"]}}, 400)) as service:
        async with connected(service) as connection:
            with pytest.raises(RejectedError, match="is taken"):
                await Datasets(connection).create("a", KINDS)
        assert len(service.asked) == 1


async def test_complete_says_how_many() -> None:
    async with serving(answer(DONE)) as service, connected(service) as connection:
        held = await Datasets(connection).complete("a", 5)
        assert service.asked[0].json == {"recordCount": 5, "completed": True}
    assert held.completed


@pytest.mark.parametrize("doubt", [hang_up, answer({"detail": "is complete"}, 400)])
async def test_a_completion_that_took_place_already_is_fine(doubt: Step) -> None:
    def then(request: web.Request) -> web.Response:
        return answer({}, 400) if request.method == "PUT" else answer(DONE)

    async with serving(once(doubt, then)) as service, connected(service) as connection:
        assert (await Datasets(connection).complete("a", 5)).record_count == 5
    async with serving(once(doubt, then)) as service, connected(service) as connection:
        with pytest.raises(VerificationError, match="expected 6, found 5"):
            await Datasets(connection).complete("a", 6)


async def test_a_completion_that_is_refused_names_the_reason() -> None:
    def then(request: web.Request) -> web.Response:
        refusal = {"errors": {"recordCount": ["5 uploaded, 6 said"]}}
        return answer(refusal, 400) if request.method == "PUT" else answer(OPEN)

    async with serving(then) as service, connected(service) as connection:
        with pytest.raises(RejectedError, match="5 uploaded, 6 said"):
            await Datasets(connection).complete("a", 6)


async def test_a_block_goes_out_with_its_number() -> None:
    async with serving(answer({})) as service, connected(service) as connection:
        await Datasets(connection).put_block("a", 7, b'[{"id":"1"}]', limiter=Limiter(fixed=1))
        asked = service.asked[0]
    assert (asked.method, asked.path) == ("PATCH", "/Dataset/a/data")
    assert asked.json == {"blockNumber": 7, "records": [{"id": "1"}]}
    assert asked.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
async def test_a_block_can_be_compressed(encoding: Encoding) -> None:
    body = await compressed((b'{"blockNumber":7,', b'"records":[]}'), encoding)
    if encoding == "gzip":
        plain = gzip.decompress(body)
    else:
        plain = zstandard.ZstdDecompressor().decompressobj().decompress(body)
    assert orjson.loads(plain) == {"blockNumber": 7, "records": []}


@pytest.mark.parametrize("status", [400, 415])
async def test_a_service_that_takes_no_compression_gets_plain_blocks_and_one_note_is_made(
    status: int,
) -> None:
    heard: list[Event] = []

    def picky(request: web.Request) -> web.Response:
        return answer({}, status) if request.headers.get("Content-Encoding") else answer({})

    limiter = Limiter(fixed=1)
    async with (
        serving(picky) as service,
        connected(service, compress="gzip", listener=heard.append) as connection,
    ):
        datasets = Datasets(connection)
        for number in (1, 2, 3):
            await datasets.put_block("a", number, b"[]", limiter=limiter)
        encodings = [asked.headers.get("Content-Encoding") for asked in service.asked]
    assert encodings == ["gzip", None, None, None]
    assert [type(event) for event in heard] == [Note]
    assert limiter.in_flight == 0


@pytest.mark.parametrize(
    ("body", "page"),
    [
        (b'[{"a":1}]', b'[{"a":1}]'),
        (b'  [{"a":1}]\n', b'[{"a":1}]'),
        (b'{"records":[{"a":1}]}', b'[{"a":1}]'),
        (b'{"count": 1, "records" : [ {"a":1} ]}', b'[{"a":1}]'),
        (b"[]", b"[]"),
    ],
)
async def test_a_page_is_an_array_however_it_is_wrapped(body: bytes, page: bytes) -> None:
    async with serving(web.Response(body=body)) as service, connected(service) as connection:
        found = await Datasets(connection).get_page("a", 1001, 500, limiter=Limiter(fixed=1))
        assert service.asked[0].query == {"start": "1001", "count": "500"}
    assert found == page


@pytest.mark.parametrize("body", [b'{"rows":[]}', b'{"records":5}', b"{}"])
async def test_a_page_without_records_makes_no_sense(body: bytes) -> None:
    async with serving(web.Response(body=body)) as service, connected(service) as connection:
        with pytest.raises(ProtocolError, match="no array of records"):
            await Datasets(connection).get_page("a", 1, 1, limiter=Limiter(fixed=1))


PAGE = orjson.dumps([{"name": f"Zoë {number}", "note": "x" * (number % 50)} for number in range(1000)])

NEEDED = {"br": "brotli", "zstd": f"{'compression' if sys.version_info >= (3, 14) else 'backports'}.zstd"}
"""What aiohttp needs to decode an answer beside the standard library; the extra `fast` brings it."""


def coded(body: bytes, coding: str) -> bytes:
    """A body as a service would send it; skips the test where this client could not read it."""
    needed = NEEDED.get(coding)
    module = (
        pytest.importorskip(needed, reason=f"{needed} (extra `fast`) is not installed") if needed else zlib
    )
    match coding:
        case "gzip":
            return gzip.compress(body)
        case "br":
            return bytes(module.compress(body, quality=4))
        case _:
            return bytes(module.compress(body))


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
async def test_a_page_is_the_same_however_it_is_compressed(coding: str) -> None:
    packed = coded(PAGE, coding)
    assert len(packed) < len(PAGE) / 2
    said = web.Response(body=packed, headers={"Content-Encoding": coding})
    async with serving(said) as service, connected(service) as connection:
        found = await Datasets(connection).get_page("a", 1, 1000, limiter=Limiter(fixed=1))
        offered = service.asked[0].headers["Accept-Encoding"].split(", ")
    assert found == PAGE
    assert coding in offered


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
async def test_a_compressed_page_that_is_cut_or_garbled_is_asked_for_again(coding: str) -> None:
    packed = coded(PAGE, coding)
    bad = (packed[:-20], b"no such thing" + packed, packed[:100] + bytes(200) + packed[300:])
    steps = [web.Response(body=body, headers={"Content-Encoding": coding}) for body in (*bad, packed)]
    async with serving(*steps) as service, connected(service) as connection:
        found = await Datasets(connection).get_page("a", 1, 1000, limiter=Limiter(fixed=1))
        assert len(service.asked) == 4
    assert found == PAGE


async def test_lists_are_read_to_their_end() -> None:
    def page(request: web.Request) -> web.Response:
        first = (int(request.query["page"]) - 1) * 100
        entries = [{"name": f"d{number:03}", "input": True} for number in range(first, min(first + 100, 250))]
        return answer(entries)

    async with serving(page) as service, connected(service) as connection:
        found = await Datasets(connection).list(outputs=False)
        assert [dataset.name for dataset in found] == [f"d{number:03}" for number in range(250)]
        assert service.asked[0].query == {"page": "1", "includeInputs": "true", "includeOutputs": "false"}
        assert len(service.asked) == 3


async def test_a_list_that_repeats_itself_ends() -> None:
    entries = [{"name": f"d{number}"} for number in range(100)]
    async with serving(answer(entries)) as service, connected(service) as connection:
        assert len(await Datasets(connection).list()) == 100
        assert len(service.asked) == 2


async def test_delete_is_done_once() -> None:
    state = {"there": True}

    def gone(request: web.Request) -> web.Response:
        there, state["there"] = state["there"], False
        return hang_up(request) if there else answer({}, 404)

    async with serving(gone) as service, connected(service) as connection:
        await Datasets(connection).delete("a")
        with pytest.raises(NotFoundError):
            await Datasets(connection).delete("a")


async def test_names_cannot_lead_elsewhere() -> None:
    async with serving(answer({}, 404)) as service, connected(service) as connection:
        for name in ("../../etc", "a?b=c", "a#b", "..", "é x"):
            with pytest.raises(NotFoundError):
                await Datasets(connection).get(name)
        assert {asked.path.count("/") for asked in service.asked} == {2, 4}
        assert all(asked.path.startswith("/Dataset/") for asked in service.asked)
        with pytest.raises(UsageError):
            await Datasets(connection).get("")


async def test_a_job_goes_out_as_the_reference_says() -> None:
    async with serving(answer(JOB)) as service, connected(service) as connection:
        job = await Jobs(connection).start(REQUEST)
        assert service.asked[0].json == {
            "name": "j",
            "workflowName": "W",
            "inputFilename": "in.csv",
            "inputDatasets": {"Contacts": "a"},
            "parameters": {"P": "1"},
        }
    assert (job.name, job.state) == ("j", "queued")


@pytest.mark.parametrize("doubt", [hang_up, answer({}, 503), answer({}, 500)])
async def test_a_job_whose_start_was_not_answered_is_adopted(doubt: Step) -> None:
    def then(request: web.Request) -> web.Response:
        if request.method == "GET":
            return answer(JOB)
        return answer({"errors": {"name": ["is taken"]}}, 400)

    async with serving(once(doubt, then)) as service, connected(service) as connection:
        if isinstance(doubt, web.Response) and doubt.status == 503:
            # A 503 says that nothing was done: then what is there is another's.
            with pytest.raises(RejectedError, match="is taken"):
                await Jobs(connection).start(REQUEST)
        else:
            assert (await Jobs(connection).start(REQUEST)).workflow == "W"


async def test_a_job_of_that_name_that_is_another_is_a_conflict() -> None:
    def then(request: web.Request) -> web.Response:
        return answer({**JOB, "workflowName": "Other"}) if request.method == "GET" else answer({}, 400)

    async with serving(once(hang_up, then)) as service, connected(service) as connection:
        with pytest.raises(UsageError, match=r"is another.*Other"):
            await Jobs(connection).start(REQUEST)


async def test_a_job_s_name_must_fit_a_file_name() -> None:
    async with serving(answer(JOB)) as service, connected(service) as connection:
        with pytest.raises(UsageError, match="Leave out"):
            await Jobs(connection).start(JobRequest("a/b:c", "W", {}))
        assert service.asked == []


async def test_jobs_are_filtered() -> None:
    async with serving(answer([JOB])) as service, connected(service) as connection:
        start = datetime(2026, 1, 2, 3, 4, 5, 600, tzinfo=UTC)
        (job,) = await Jobs(connection).list(workflow="W", start_date=start, end_date=date(2026, 2, 1))
        assert job.name == "j"
        assert service.asked[0].query == {
            "page": "1",
            "workflow": "W",
            "startDate": "2026-01-02T03:04:05.0006000Z",
            "endDate": "2026-02-01T00:00:00.0000000Z",
        }


async def test_a_job_can_be_cancelled() -> None:
    async with serving(answer({})) as service, connected(service) as connection:
        await Jobs(connection).cancel("j")
        assert (service.asked[0].method, service.asked[0].path) == ("DELETE", "/Job/j")
    cancelled = {**JOB, "status": 4}
    script: list[Step] = [hang_up, answer({}, 409), answer(cancelled)]
    async with serving(*script) as service, connected(service) as connection:
        await Jobs(connection).cancel("j")
