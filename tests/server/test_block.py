"""A block's check: the quick way takes exactly what the slow way finds no fault in, value for value."""

import itertools
import json
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asyncclean import native
from asyncclean.kinds import ColumnKind
from asyncclean.server import block
from asyncclean.server.block import SMALL, read_block
from asyncclean.server.lines import to_array, unpack
from asyncclean.server.problems import MAX_MESSAGES, Problem

KINDS: dict[str, ColumnKind] = {"t": "text", "i": "int", "d": "decimal", "b": "bool", "w": "datetime"}

text = st.text(st.characters(exclude_categories=["Cs"]))
good = st.fixed_dictionaries(
    {},
    optional={
        "t": st.none() | text,
        "i": st.none() | st.integers(-(2**63), 2**63 - 1),
        "d": st.none() | st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**53), 2**53),
        "b": st.none() | st.booleans(),
        "w": st.none() | st.datetimes().map(lambda time: time.isoformat()),
    },
)
anything = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | text,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(text, inner, max_size=2),
    max_leaves=3,
)
bad = st.dictionaries(st.sampled_from([*KINDS, "x", "T"]), anything, max_size=4) | anything


def body(records: Any, number: Any = 1) -> bytes:
    return orjson.dumps({"blockNumber": number, "records": records})


def kept(document: bytes, kinds: dict[str, ColumnKind] = KINDS) -> Any:
    return orjson.loads(to_array(unpack(read_block(document, kinds).data)))


def refusal(document: bytes, kinds: dict[str, ColumnKind] = KINDS) -> Problem:
    with pytest.raises(Problem) as caught:
        read_block(document, kinds)
    assert caught.value.status == 400
    return caught.value


@given(st.lists(good, max_size=5))
def test_good_records_are_kept_value_for_value(records: list[dict[str, Any]]) -> None:
    assert kept(body(records)) == records
    assert read_block(body(records), KINDS).records == len(records)


@given(st.lists(good | bad, max_size=4))
def test_a_block_is_refused_exactly_when_a_value_is_at_fault(records: list[Any]) -> None:
    records = orjson.loads(orjson.dumps(records))
    faults = list(block._each_fault(records, KINDS))
    if not faults:
        assert kept(body(records)) == records
        return
    problem = refusal(body(records))
    assert problem.count == len(faults)
    assert dict(problem.errors or {}) == {field: [said] for field, said in faults[:MAX_MESSAGES]}


@given(
    records=st.lists(good | bad, max_size=4),
    ascii_only=st.booleans(),
    indent=st.sampled_from([None, 1]),
    ordered=st.booleans(),
)
@settings(max_examples=300)
def test_what_is_proven_unparsed_is_what_is_found_by_parsing(
    records: list[Any], ascii_only: bool, indent: int | None, ordered: bool
) -> None:
    kinds: dict[str, ColumnKind] = {"t": "text", "i": "int", "d": "decimal", "b": "bool"}
    written = json.dumps(records, ensure_ascii=ascii_only, indent=indent)
    if ordered:
        written = json.dumps([_in_order(record, kinds) for record in records], ensure_ascii=ascii_only)
    document = b'{"blockNumber":1,"records":%s}' % written.encode("utf-8", "surrogatepass")
    found = kept_or_said(document, kinds)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(native, "json_proves", None)
        assert kept_or_said(document, kinds) == found


def _in_order(record: Any, kinds: dict[str, ColumnKind]) -> Any:
    if not isinstance(record, dict):
        return record
    return {name: record[name] for name in [*kinds, *record] if name in record}


def kept_or_said(document: bytes, kinds: dict[str, ColumnKind]) -> Any:
    try:
        return kept(document, kinds)
    except Problem as problem:
        return problem.detail, problem.errors


def test_most_blocks_are_kept_as_they_are_written() -> None:
    records = rb'[{"t":"\u00e9 { } \\/","i":-7},{"d":1.50,"b":true},{},{"t":null,"i":123456789012345678}]'
    found = read_block(b'{"blockNumber":7,"records":' + records + b"}", {**KINDS, "w": "text"})
    assert orjson.loads(to_array(unpack(found.data))) == orjson.loads(records)
    assert (found.number, found.records) == (7, 4)
    plain = records.replace(b" { }", b"")
    as_written = unpack(
        read_block(b'{"blockNumber":7,"records":' + plain + b"}", {**KINDS, "w": "text"}).data
    )
    assert (to_array(as_written) == plain) == native.BUILT


def test_each_fault_is_named_by_record_and_column() -> None:
    records = [
        {"t": 1},
        {"i": "1"},
        {"i": 2**63},
        {"i": 1.0},
        {"i": True},
        {"d": "1"},
        {"d": False},
        {"b": 0},
        {"w": "tomorrow"},
        {"w": "2020-02-30"},
        {"t": ["nested"]},
        {"t": {"nested": 1}},
        {"surname": "x"},
        "text",
        None,
        {"t": "", "i": 0, "d": 0, "b": False, "w": "2020-02-29T10:00:00.0000000Z"},
    ]
    problem = refusal(body(records))
    assert problem.count == 15
    assert problem.errors == {
        "records[0].t": ["must be text, not a whole number"],
        "records[1].i": ["must be a whole number of 64 bits, not text"],
        "records[2].i": ["must be a whole number of 64 bits"],
        "records[3].i": ["must be a whole number of 64 bits, not a number"],
        "records[4].i": ["must be a whole number of 64 bits, not true or false"],
        "records[5].d": ["must be a number, not text"],
        "records[6].d": ["must be a number, not true or false"],
        "records[7].b": ["must be true or false, not a whole number"],
        "records[8].w": ["must be an ISO 8601 date or date-time, as text"],
        "records[9].w": ["must be an ISO 8601 date or date-time, as text"],
        "records[10].t": ["must be text, not an array"],
        "records[11].t": ["must be text, not an object"],
        "records[12].surname": ["is not a column of the dataset"],
        "records[13]": ["must be an object, not text"],
        "records[14]": ["must be an object, not null"],
    }


def test_only_so_many_faults_are_told_but_all_are_counted() -> None:
    problem = refusal(body([{"t": 1}] * 1000))
    assert problem.count == 1000
    assert len(problem.errors or {}) == MAX_MESSAGES


@pytest.mark.parametrize(
    ("document", "field"),
    [
        (body([{}] * 1001), "records"),
        (body(None), "records"),
        (body({}), "records"),
        (b'{"blockNumber":1}', "records"),
        (body([], -1), "blockNumber"),
        (body([], 2**31), "blockNumber"),
        (body([], 1.5), "blockNumber"),
        (body([], True), "blockNumber"),
        (body([], "1"), "blockNumber"),
        (b'{"records":[]}', "blockNumber"),
        (b"", None),
        (b"null", None),
        (b"[]", None),
        (b'{"blockNumber":1,"records":[{}]', None),
        (b'{"blockNumber":1,"records":[{}],}', None),
        (b'{"blockNumber":01,"records":[]}', None),
        (b'{"blockNumber":1,"records":[{"t":"\\ud800"}]}', None),
        (b'{"blockNumber":1,"records":[{"t":"\xff"}]}', None),
        (b'{"blockNumber":1,"records":[{"d":NaN}]}', None),
        (b'{"blockNumber":1,"records":' + b"[" * 100_000 + b"]" * 100_000 + b"}", None),
        (b'{"a":' * 5_000 + b"1" + b"}" * 5_000, None),
        (b"<html>", None),
    ],
)
def test_what_is_no_block_is_refused(document: bytes, field: str | None) -> None:
    assert list(refusal(document).errors or {}) == ([] if field is None else [field])


def test_members_may_come_in_any_order_with_any_white_space_and_company() -> None:
    records = [{"t": "x"}, {"t": 'a "quoted" },{ text'}]
    inner = orjson.dumps(records, option=orjson.OPT_INDENT_2)
    for document in [
        b'{"records":%s,"blockNumber":4}' % inner,
        b' \r\n{ "blockNumber" :\t4 , "records" : %s \n}\n' % inner,
        b'{"blockNumber":4,"note":[{}],"records":%s}' % inner,
        b'{"blockNumber":4,"records":%s,"note":{}}' % inner,
        b'{"blockNumber":9,"records":[{}],"blockNumber":4,"records":%s}' % inner,
    ]:
        assert read_block(document, KINDS).number == 4
        assert kept(document) == records


def test_of_a_key_twice_in_a_record_the_last_one_counts() -> None:
    assert kept(b'{"blockNumber":1,"records":[{"t":"a","t":"b"}]}') == [{"t": "b"}]


def test_a_big_block_of_long_texts_with_many_marks_is_taken() -> None:
    texts: dict[str, ColumnKind] = {"t": "text"}
    records = [{"t": '[{,"\\,{[' * 200} for _ in range(1000)]
    document = body(records)
    assert len(document) > SMALL
    assert kept(document, texts) == records


@pytest.mark.parametrize("filler", [b"{}", b"[]", b"0", b'{"t":1}', b'"x\\"y"'])
def test_a_big_body_that_would_swell_in_memory_is_refused_before_it_is_parsed(filler: bytes) -> None:
    swollen = b'{"blockNumber":1,"records":[' + b",".join(itertools.repeat(filler, SMALL)) + b"]}"
    assert list(refusal(swollen).errors or {}) == ["records"]


def test_looking_for_marks_takes_linear_time_on_an_open_text_of_quotes() -> None:
    refusal(b'{"blockNumber":1,"records":[' + b"," * 10_000 + b'"' + b'\\"' * (2 * SMALL))
