"""The reorder window: whatever the order of arrival, items leave in order, and never too many are held."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncclean.transfer.reorder import Reorder


@given(st.data(), st.integers(1, 9), st.integers(0, 5), st.integers(0, 60), st.integers(1, 7))
def test_items_leave_in_order_and_the_window_holds(
    data: st.DataObject, window: int, first: int, count: int, most: int
) -> None:
    reorder: Reorder[int] = Reorder(window, lowest=first)
    under_way: list[int] = []
    in_hand: list[int] = []
    left: list[int] = []
    while len(left) < count:
        steps = ["begin"] * (reorder.has_room and reorder.next_index < first + count)
        steps += ["arrive"] * bool(under_way) + ["take"] * reorder.ready + ["done"] * bool(in_hand)
        match data.draw(st.sampled_from(steps)):
            case "begin":
                under_way.append(reorder.begin())
            case "arrive":
                index = under_way.pop(data.draw(st.integers(0, len(under_way) - 1)))
                reorder.put(index, index)
            case "take":
                taken = reorder.take(most)
                assert 0 < len(taken) <= most
                in_hand += taken
            case "done":
                reorder.done()
                left += in_hand
                in_hand.clear()
        assert len(under_way) + len(reorder.held) + len(in_hand) <= window
    assert left == list(range(first, first + count))


def test_a_slow_first_item_stops_the_others_from_being_begun() -> None:
    reorder: Reorder[str] = Reorder(3)
    assert [reorder.begin() for _ in range(3)] == [0, 1, 2]
    reorder.put(1, "b")
    reorder.put(2, "c")
    assert not reorder.ready
    assert not reorder.has_room
    with pytest.raises(ValueError, match="full"):
        reorder.begin()
    reorder.put(0, "a")
    assert reorder.take(2) == ["a", "b"]
    assert not reorder.has_room, "what is in the writer's hands keeps its place"
    reorder.done()
    assert [reorder.begin(), reorder.begin()] == [3, 4]
    assert not reorder.has_room


def test_an_item_that_comes_twice_is_taken_once() -> None:
    reorder: Reorder[str] = Reorder(2)
    reorder.begin()
    reorder.put(0, "first")
    reorder.put(0, "second")
    assert reorder.take(9) == ["first"]
    reorder.put(0, "third")
    assert not reorder.held
    assert reorder.take(9) == []


def test_a_window_that_shrinks_lets_out_what_it_holds_before_it_takes_more() -> None:
    reorder: Reorder[int] = Reorder(4)
    for index in range(4):
        reorder.put(reorder.begin(), index)
    reorder.window = 2
    assert reorder.take(3) == [0, 1, 2]
    reorder.done()
    assert reorder.has_room
    reorder.begin()
    assert not reorder.has_room
