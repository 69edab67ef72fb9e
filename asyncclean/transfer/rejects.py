"""Finds the records of a block that the service refuses. Knows JSON records and the words of a refusal.

The service takes or refuses a block as a whole, and sending a number again overwrites it. So a refused
block is sent again, under its own number, without the records at fault: those that the refusal names
(``records[17].email``), else those that halving finds. What stays keeps its order.
"""

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import orjson

from asyncclean.errors import RejectedError

_NAMED = re.compile(r"records\[(\d+)\](?:\.(.*))?$")

Send = Callable[[bytes], Awaitable[RejectedError | None]]
"""Sends a JSON array under the block's number; gives the refusal, or None when it was taken."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A record that the service refuses: its place in the block, why, and its JSON."""

    index: int
    reason: str
    record: str


def named_records(refusal: RejectedError) -> dict[int, str]:
    """Which records a refusal names, by their index in the block, with the reasons given."""
    reasons: dict[int, list[str]] = {}
    for field, messages in refusal.fields.items():
        if match := _NAMED.search(field):
            column = match[2]
            said = "; ".join(messages)
            reasons.setdefault(int(match[1]), []).append(f"{column}: {said}" if column else said)
    return {index: "; ".join(said) for index, said in sorted(reasons.items())}


def _array(records: Sequence[bytes]) -> bytes:
    return b"[" + b",".join(records) + b"]"


async def narrow(block: bytes, refusal: RejectedError, send: Send) -> list[Refused]:
    """Send the block without the records at fault, and say which those are, in order.

    Afterwards the service holds exactly the other records under the block's number.
    Raises the refusal itself when it is not about records: when even an empty block is refused.
    """
    records = [orjson.dumps(record) for record in orjson.loads(block)]
    kept = list(range(len(records)))
    refused: dict[int, str] = {}
    current: RejectedError | None = refusal
    while current is not None and (named := named_records(current)):
        faults = {kept[index]: reason for index, reason in named.items() if index < len(kept)}
        if not faults:
            break
        refused |= faults
        kept = [index for index in kept if index not in faults]
        current = await send(_array([records[index] for index in kept]))
    if current is not None:
        if await send(b"[]") is not None:
            raise current
        found = await _halve([(index, records[index]) for index in kept], current, send)
        refused |= found
        kept = [index for index in kept if index not in found]
        last = await send(_array([records[index] for index in kept]))
        if last is not None:
            raise last
    return [Refused(index, refused[index], records[index].decode()) for index in sorted(refused)]


async def _halve(records: Sequence[tuple[int, bytes]], refusal: RejectedError, send: Send) -> dict[int, str]:
    """The records at fault in a part that is known to be refused."""
    if len(records) == 1:
        return {records[0][0]: refusal.detail or refusal.title or refusal.reason}
    middle = len(records) // 2
    faults: dict[int, str] = {}
    for half in (records[:middle], records[middle:]):
        said = await send(_array([record for _, record in half]))
        if said is not None:
            faults |= await _halve(half, said, send)
    return faults
