"""A main job small enough to be run hundreds of times, and what must be true after each.

2,500 records in 8 blocks and 3 pages; a few of them bad, for the reader or for the service.
"""

import re
from dataclasses import dataclass, replace
from pathlib import Path

import orjson

from asyncclean import Client, RetryPolicy, Timeouts
from asyncclean.summary import Summary
from tests.faults.messages import Message
from tests.faults.proxy import an_answer

RECORDS = 2500
MAX_BLOCK_BYTES = 40_000

PATIENT = RetryPolicy(
    attempts=14,
    first_contact_attempts=14,
    base_s=0.001,
    throttled_base_s=0.001,
    cap_s=0.01,
    spread_s=0.001,
)
"""Waits next to nothing, and gives up as good as never, at 20 % of faults."""

SHORT = Timeouts(connect=5.0, read=0.4, total=10.0)

_REFUSED = re.compile(rb'"email":"refused-(\d+)@')


def write_input(path: Path, records: int = RECORDS, *, bad: bool = True) -> Path:
    """Contacts in CSV. With ``bad``, some have a cell too many, and some an email that `strict` refuses."""
    with path.open("w", newline="") as file:
        file.write("Customer ID,First Name,Last Name,Email,Note\n")
        for number in range(1, records + 1):
            email = f"refused-{number}@example.org" if bad and number % 401 == 0 else f"n{number}@example.org"
            more = ",too,many" if bad and number % 577 == 0 else ""
            note = f'"said ""hi"",\nthen {number * 7919 % 10007} more"' if number % 10 == 0 else number * 31
            file.write(f"{number:06},Zoë{number % 97},O'Neill-{number % 89},{email},{note}{more}\n")
    return path


def strict(message: Message) -> bytes | None:
    """A service that refuses some email addresses, and names the records."""
    if message.method != "PATCH" or b'"refused-' not in message.body:
        return None
    records = orjson.loads(message.body)["records"]
    errors = {
        f"records[{place}].email": ["is refused"]
        for place, record in enumerate(records)
        if record["email"].startswith("refused-")
    }
    return an_answer("400 Bad Request", orjson.dumps({"title": "Not valid", "status": 400, "errors": errors}))


def strict_and_silent(message: Message) -> bytes | None:
    """The same, without names."""
    if strict(message) is None:
        return None
    return an_answer("400 Bad Request", orjson.dumps({"title": "Not valid", "status": 400}))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run left behind."""

    output: bytes
    rejects: list[dict[str, object]]
    records_in: int
    records_out: int
    checksum: str

    @classmethod
    def of(cls, summary: Summary) -> "Outcome":
        rejects = [] if summary.rejects is None else summary.rejects.read_bytes().splitlines()
        return cls(
            output=next(iter(summary.outputs.values())).read_bytes(),
            rejects=[{**orjson.loads(line), "file": ""} for line in rejects],
            records_in=summary.records_in,
            records_out=summary.records_out,
            checksum=summary.checksum,
        )

    def without_reasons(self) -> "Outcome":
        """For services that refuse the same in other words."""
        return replace(self, rejects=[{**reject, "reason": ""} for reject in self.rejects])


def client(url: str, *, timeouts: Timeouts = SHORT, retry: RetryPolicy = PATIENT) -> Client:
    """A client of the guarded service behind ``url``."""
    return Client(
        url,
        token_url=f"{url}/connect/token",
        client_id="me",
        client_secret="s&e+c/r%et",
        max_block_bytes=MAX_BLOCK_BYTES,
        timeouts=timeouts,
        retry=retry,
    )


async def clean(
    client: Client,
    source: Path,
    name: str,
    *,
    workflow: str = "PassThrough",
    job: str | None = None,
    wait_timeout: float | None = None,
) -> Summary:
    """The main job, under names that follow from ``name``, into a folder of its own."""
    folder = source.parent / name
    folder.mkdir(exist_ok=True)
    return await client.clean(
        source,
        folder / "out.csv",
        workflow=workflow,
        rejects=folder / "rejects.ndjson",
        dataset=f"data_{name}",
        job=job or f"job {name}",
        wait_timeout=wait_timeout,
    )
