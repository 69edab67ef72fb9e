"""What is left of an upload follows from what is acknowledged, whatever the order in which it was."""

from hypothesis import given
from hypothesis import strategies as st

from asyncclean.files.blocks import Position
from asyncclean.transfer.journal import Acknowledged, Remaining


def a_slice(number: int, blocks: int, records: int, start: Position) -> Acknowledged:
    return Acknowledged(
        number=number,
        blocks=blocks,
        records=records,
        accepted=records,
        checksum=number,
        bytes=100,
        start=start,
        source_bytes=1000 * number,
        source_checksum=7 * number,
    )


@st.composite
def sources(draw: st.DrawFn) -> list[Acknowledged]:
    """A source cut into slices: full ones of 1,000 records and a last one, of one or more blocks each."""
    slices = []
    number = 1
    for index in range(draw(st.integers(0, 30))):
        blocks = draw(st.integers(1, 4))
        start = Position(offset=index // 3 * 50_000, skip=index % 3 * 1000, line=index // 3 * 3000 + 2)
        slices.append(a_slice(number, blocks, 1000, start))
        number += blocks
    return slices


@given(sources(), st.data())
def test_it_goes_on_after_the_unbroken_run_and_skips_what_is_ahead(
    slices: list[Acknowledged], data: st.DataObject
) -> None:
    kept = [piece for piece in slices if data.draw(st.booleans())]
    remaining = Remaining.after(kept)

    unbroken = 0
    while unbroken < len(slices) and slices[unbroken] in kept:
        unbroken += 1
    assert remaining.number == 1 + sum(piece.blocks for piece in slices[:unbroken])
    assert remaining.records == 1000 * unbroken
    assert remaining.ahead == {piece.number: piece for piece in kept if piece not in slices[:unbroken]}
    assert remaining.resumed_blocks == sum(piece.blocks for piece in kept)
    assert remaining.resumed_records == 1000 * len(kept)
    if unbroken:
        last = slices[unbroken - 1]
        assert remaining.start == Position(last.start.offset, last.start.skip + 1000, last.start.line)
        assert (remaining.source_bytes, remaining.source_checksum) == (
            last.source_bytes,
            last.source_checksum,
        )
    else:
        assert remaining.start == Position()
        assert (remaining.source_bytes, remaining.source_checksum) == (0, 0)


def test_a_slice_that_was_cut_otherwise_is_ahead_and_never_passed_over() -> None:
    of_three_blocks = a_slice(1, 3, 1000, Position())
    inside_of_it = a_slice(2, 1, 400, Position(0, 400))
    remaining = Remaining.after([of_three_blocks, inside_of_it])
    assert remaining.number == 4
    assert set(remaining.ahead) == {2}
