"""What is left of an upload follows from what is acknowledged, whatever the order in which it was."""

from itertools import groupby

from hypothesis import given
from hypothesis import strategies as st

from asyncclean.files.blocks import Position
from asyncclean.transfer.journal import Acknowledged, Remaining


def a_slice(first: int, records: list[int], start: Position) -> list[Acknowledged]:
    """The blocks of one slice, by how many records they take."""
    return [
        Acknowledged(
            number=first + index,
            slice=first,
            slice_blocks=len(records),
            records=count,
            accepted=count,
            checksum=first + index,
            bytes=100,
            start=Position(start.offset, start.skip + sum(records[:index]), start.line),
            source_bytes=1000 * first,
            source_checksum=7 * first,
        )
        for index, count in enumerate(records)
    ]


@st.composite
def sources(draw: st.DrawFn) -> list[Acknowledged]:
    """A source cut into slices of 1,000 records, of one or more blocks each; three slices a chunk."""
    blocks: list[Acknowledged] = []
    for index in range(draw(st.integers(0, 30))):
        cuts = sorted(draw(st.sets(st.integers(1, 999), max_size=3)))
        records = [end - begin for begin, end in zip([0, *cuts], [*cuts, 1000], strict=True)]
        start = Position(offset=index // 3 * 50_000, skip=index % 3 * 1000, line=index // 3 * 3000 + 2)
        blocks += a_slice(len(blocks) + 1, records, start)
    return blocks


@given(sources(), st.data())
def test_it_goes_on_at_the_first_slice_that_is_not_whole_and_skips_what_is_there(
    blocks: list[Acknowledged], data: st.DataObject
) -> None:
    lost = data.draw(st.sets(st.sampled_from(blocks), max_size=4) if blocks else st.just(set[Acknowledged]()))
    kept = [block for block in blocks if block not in lost]
    remaining = Remaining.after(kept)

    whole = 0
    for _, of_slice in groupby(blocks, key=lambda block: block.slice):
        pieces = list(of_slice)
        if not lost.isdisjoint(pieces):
            break
        whole += len(pieces)
    assert remaining.number == 1 + whole
    assert remaining.records == sum(block.records for block in blocks[:whole])
    assert remaining.ahead == {block.number: block for block in kept[whole:]}
    assert remaining.resumed_blocks == len(kept)
    assert remaining.resumed_records == sum(block.records for block in kept)
    if whole:
        last = blocks[whole - 1]
        assert remaining.start == Position(
            last.start.offset, (last.start.skip // 1000 + 1) * 1000, last.start.line
        )
        assert (remaining.source_bytes, remaining.source_checksum) == (
            last.source_bytes,
            last.source_checksum,
        )
    else:
        assert remaining.start == Position()
        assert (remaining.source_bytes, remaining.source_checksum) == (0, 0)


def test_a_slice_that_arrived_in_part_is_read_again_and_sent_in_part() -> None:
    blocks = [*a_slice(1, [1000], Position()), *a_slice(2, [400, 300, 300], Position(0, 1000))]
    remaining = Remaining.after([blocks[0], blocks[1], blocks[3]])
    assert remaining.number == 2
    assert remaining.start == Position(0, 1000)
    assert set(remaining.ahead) == {2, 4}
