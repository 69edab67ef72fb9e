"""Narrowing a refused block: afterwards the service holds the good records, in order, and nothing else."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncclean.errors import RejectedError
from asyncclean.transfer.rejects import RefusedRecord, named_records, narrow

pytestmark = pytest.mark.anyio

Names = Callable[[list[int]], dict[str, list[str]]]


def names_all(bad: list[int]) -> dict[str, list[str]]:
    return {f"records[{place}].email": ["is no email address"] for place in bad}


def names_the_first(bad: list[int]) -> dict[str, list[str]]:
    return names_all(bad[:1])


def names_none(bad: list[int]) -> dict[str, list[str]]:
    return {"records": ["some are not valid"]}


def counts_from_one(bad: list[int]) -> dict[str, list[str]]:
    return names_all([place + 1 for place in bad])


@dataclass
class Service:
    """Takes blocks of records {"n": number}, unless one of them is bad."""

    bad: frozenset[int] = frozenset()
    names: Names = names_all
    takes_empty: bool = True
    is_complete: bool = False
    at_odds: frozenset[int] = frozenset()
    held: list[int] | None = None
    sends: int = 0
    refusals: list[RejectedError] = field(default_factory=list)

    async def send(self, body: bytes) -> RejectedError | None:
        self.sends += 1
        numbers = [record["n"] for record in orjson.loads(body)]
        bad = [place for place, number in enumerate(numbers) if number in self.bad]
        if self.is_complete or (not numbers and not self.takes_empty):
            return refusal({})
        if self.at_odds and self.at_odds.issubset(numbers):
            return refusal({})
        if bad:
            return refusal(self.names(bad))
        self.held = numbers
        return None

    async def is_open(self) -> bool:
        return not self.is_complete

    async def narrowed(self, numbers: Sequence[int]) -> list[RefusedRecord]:
        body = block(numbers)
        said = await self.send(body)
        assert said is not None
        return await narrow(body, said, self.send, self.is_open)


def refusal(fields: dict[str, list[str]]) -> RejectedError:
    return RejectedError(
        "it was refused",
        method="PATCH",
        path="/Dataset/d/data",
        status=400,
        detail="not valid",
        fields=fields,
    )


def block(numbers: Sequence[int]) -> bytes:
    return orjson.dumps([{"n": number} for number in numbers])


bad_sets = st.integers(1, 60).flatmap(
    lambda size: st.tuples(st.just(size), st.frozensets(st.integers(0, size - 1), min_size=1))
)


@given(
    bad_sets,
    st.sampled_from([names_all, names_the_first, names_none, counts_from_one]),
    st.booleans(),
)
async def test_the_service_ends_with_the_good_records_in_order(
    drawn: tuple[int, frozenset[int]], names: Names, takes_empty: bool
) -> None:
    size, bad = drawn
    service = Service(bad, names, takes_empty=takes_empty)
    refused = await service.narrowed(range(size))
    good = [number for number in range(size) if number not in bad]
    assert (service.held or []) == good
    assert [one.index for one in refused] == sorted(bad)
    assert [orjson.loads(one.record)["n"] for one in refused] == [one.index for one in refused]


@given(bad_sets, st.sampled_from([names_all, names_the_first, names_none]))
async def test_it_sends_little_more_than_it_must(drawn: tuple[int, frozenset[int]], names: Names) -> None:
    size, bad = drawn
    service = Service(bad, names)
    await service.narrowed(range(size))
    if names is names_all:
        assert service.sends == 2, "what is refused, and the same without the named records"
    elif names is names_the_first:
        assert service.sends <= 2 + len(bad), "one more for each refusal, and the test of the first"
    else:
        assert service.sends <= 3 + 2 * len(bad) * (1 + math.ceil(math.log2(size)))


async def test_one_bad_record_among_a_thousand_is_found_in_about_twenty_sends() -> None:
    for bad in (0, 1, 499, 500, 998, 999):
        service = Service(frozenset({bad}), names_none)
        assert [one.index for one in await service.narrowed(range(1000))] == [bad]
        assert service.sends <= 23


async def test_a_reason_comes_with_each_record() -> None:
    service = Service(frozenset({2}), names_all)
    assert await service.narrowed(range(4)) == [RefusedRecord(2, "email: is no email address", '{"n":2}')]


async def test_without_names_the_reason_is_the_services_words() -> None:
    service = Service(frozenset({2}), names_none)
    assert await service.narrowed(range(4)) == [RefusedRecord(2, "not valid", '{"n":2}')]


async def test_a_service_that_counts_from_one_costs_no_good_record() -> None:
    service = Service(frozenset({4}), counts_from_one)
    assert [one.index for one in await service.narrowed(range(10))] == [4]
    assert service.held == [0, 1, 2, 3, 5, 6, 7, 8, 9]


async def test_two_records_that_do_not_go_together_lose_the_later_one() -> None:
    service = Service(at_odds=frozenset({3, 7}))
    assert [one.index for one in await service.narrowed(range(10))] == [7]
    assert service.held == [0, 1, 2, 3, 4, 5, 6, 8, 9]


async def test_a_refusal_that_is_not_about_records_is_raised_soon() -> None:
    service = Service(is_complete=True)
    with pytest.raises(RejectedError, match="it was refused"):
        await service.narrowed(range(1000))
    assert service.sends <= 4


async def test_a_single_bad_record_is_found_where_empty_blocks_are_refused() -> None:
    service = Service(frozenset({0}), names_none, takes_empty=False)
    assert [one.index for one in await service.narrowed([0])] == [0]
    assert service.held is None


async def test_a_block_of_nothing_but_bad_records_leaves_nothing() -> None:
    service = Service(frozenset(range(5)), names_none)
    assert len(await service.narrowed(range(5))) == 5
    assert service.held == []


def test_names_are_read_with_and_without_columns_and_joined() -> None:
    said = {
        "records[17].email": ["is too long", "is no address"],
        "$.records[3]": ["is no object"],
        "records[17].phone": ["is no number"],
        "blockNumber": ["is odd"],
        "records": ["are many"],
        "records[x].y": ["is not counted"],
    }
    assert named_records(refusal(said)) == {
        3: "is no object",
        17: "email: is too long; is no address; phone: is no number",
    }


async def test_records_are_sent_again_as_they_stood() -> None:
    texts = [
        b'{"n":1.10,"big":1152921504606846976}',
        b'{"n":0}',
        b'{ "n": -0.0, "text":"quote \\" \\u0041 },{ ] \xf0\x9f\x98\x80" }',
        b'{"n":1e2,"none":null}',
    ]
    sent = []

    async def send(body: bytes) -> RejectedError | None:
        sent.append(body)
        return refusal(names_all([1])) if b'"n":0}' in body else None

    async def is_open() -> bool:
        return True

    found = await narrow(b"[" + b",".join(texts) + b"]", refusal(names_all([1])), send, is_open)
    assert sent[-1] == b"[" + b",".join([texts[0], *texts[2:]]) + b"]"
    assert [record.record for record in found] == ['{"n":0}']
