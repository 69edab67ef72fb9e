"""Slices become JSON arrays that are within bounds, valid, and the same every time."""

import itertools
import json
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from asyncclean.files.blocks import Encoded, Position, Slice, encode, split_array

ROWS = st.lists(st.tuples(st.none() | st.text(max_size=30), st.none() | st.integers(-5, 5)), max_size=20)


def frame(rows: list[tuple[Any, ...]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema={"text": pl.String, "n": pl.Int64}, orient="row")


@given(rows=ROWS, max_bytes=st.integers(2, 300), parts=st.integers(0, 3), lined=st.booleans())
@settings(deadline=None)
def test_blocks_hold_all_records_in_order_and_within_bounds(
    rows: list[tuple[Any, ...]], max_bytes: int, parts: int, lined: bool
) -> None:
    """Of a frame (no parts), or of so many parts of JSON."""
    records = [dict(zip(("text", "n"), row, strict=True)) for row in rows]
    size = max(1, -(-len(rows) // max(1, parts)))
    cut = [json.dumps(records[begin : begin + size]) for begin in range(0, len(rows), size)]
    data = tuple(memoryview(some.encode())[1:-1] for some in cut) if parts else frame(rows)
    lines = [10 * index for index in range(len(rows))] if lined else None
    blocks = encode(Slice(data, len(rows), Position(100, 7, 3), lines), max_bytes)

    assert [record for block in blocks for record in json.loads(block.json)] == records
    assert [block.records for block in blocks] == [len(json.loads(block.json)) for block in blocks]
    assert all(len(block.json) <= max_bytes or block.records <= 1 for block in blocks)
    expected = lines if lines is not None else [3 + 7 + index for index in range(len(rows))]
    assert [block.line_of(index) for block in blocks for index in range(block.records)] == expected
    for block, following in itertools.pairwise(blocks):
        assert following.start == Position(100, block.start.skip + block.records, 3)
        # No two neighbours could have been one.
        first = split_array(following.json)[0]
        assert len(block.json) + 1 + len(first) > max_bytes


def test_a_slice_within_bounds_is_one_block() -> None:
    assert encode(Slice(frame([("a", 1)]), 1, Position(), None), 1000) == [
        Encoded(b'[{"text":"a","n":1}]', 1, Position(), None)
    ]


def test_a_record_larger_than_a_block_goes_alone() -> None:
    blocks = encode(Slice(frame([("a", 1), ("b" * 100, 2), ("c", 3)]), 3, Position(), None), 60)
    assert [block.records for block in blocks] == [1, 1, 1]


def test_characters_that_trip_others_are_valid_json() -> None:
    awkward = "".join(map(chr, range(32))) + '"\\/\x7f\u2028\u2029\ufeff\U0001f600'
    [block] = encode(Slice(frame([(awkward, None)]), 1, Position(), None))
    assert json.loads(block.json) == [{"text": awkward, "n": None}]


@given(
    st.lists(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
            ),
            max_leaves=5,
        ),
        max_size=6,
    ),
    st.sampled_from([None, 1]),
)
def test_an_array_is_split_into_its_items(items: list[Any], indent: int | None) -> None:
    assert [json.loads(item) for item in split_array(json.dumps(items, indent=indent).encode())] == items
