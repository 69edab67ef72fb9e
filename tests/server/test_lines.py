"""Pages: however the pieces come, the same records in pages of 1,000."""

import orjson
from hypothesis import given
from hypothesis import strategies as st

from asyncclean.server.lines import PAGE, Pages, Stored, cut, pack, to_array, unpack


def piece(first: int, count: int) -> Stored:
    return Stored(count, pack(b"\n".join(b'{"n":%d}' % number for number in range(first, first + count))))


def numbers(array: bytes) -> list[int]:
    return [record["n"] for record in orjson.loads(array)]


@given(st.lists(st.sampled_from([0, 1, 2, 999, 1000, 1000, 1001, 1500, 2500]), max_size=8))
def test_pieces_of_any_size_become_full_pages_in_order(sizes: list[int]) -> None:
    packer = Pages()
    pages = []
    first = 0
    for size in sizes:
        pages += packer.feed(piece(first, size))
        first += size
    pages += packer.finish()
    assert [number for page in pages for number in numbers(to_array(unpack(page.data)))] == list(range(first))
    assert all(page.records == PAGE for page in pages[:-1])
    assert all(0 < page.records <= PAGE for page in pages)
    assert packer.finish() == []


def test_full_pieces_pass_untouched() -> None:
    full = piece(0, PAGE)
    assert Pages().feed(full)[0] is full


@given(st.integers(0, PAGE - 1), st.integers(1, PAGE))
def test_any_cut_of_two_pages_is_right(skip: int, count: int) -> None:
    blobs = [piece(0, PAGE).data, piece(PAGE, 321).data]
    assert numbers(cut(blobs, skip, count)) == list(range(skip, min(skip + count, PAGE + 321)))
