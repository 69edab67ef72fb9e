"""Headers become names that the service takes, each its own, and the same every time."""

import re

from hypothesis import given
from hypothesis import strategies as st

from asyncclean.files.columns import Column, Columns, map_headers


@given(
    st.lists(st.text(max_size=6) | st.sampled_from(["a", "A", "a_2", "Ä", "1", "", "column_1"]), max_size=8)
)
def test_names_are_valid_and_no_two_are_the_same(headers: list[str]) -> None:
    names = map_headers(headers)
    assert len(names) == len(headers) == len(set(names))
    assert all(re.fullmatch("[a-z][a-z0-9_]*", name) for name in names)
    assert names == map_headers(headers)


@given(st.lists(st.from_regex("[a-z][a-z0-9_]{0,3}", fullmatch=True), unique=True))
def test_headers_that_are_names_stay_as_they_are(headers: list[str]) -> None:
    assert map_headers(headers) == headers


def test_the_mapping_is_the_documented_one() -> None:
    headers = ["First Name", "Postcode ", "Straße", "É-mail", "2nd line", "姓", "_id", "x__y", "X  y"]
    assert map_headers(headers) == [
        "first_name",
        "postcode",
        "strasse",
        "e_mail",
        "c_2nd_line",
        "column_6",
        "id",
        "x__y",
        "x_y",
    ]


def test_a_valid_header_is_served_before_one_that_becomes_the_same() -> None:
    assert map_headers(["Name", "name", "NAME", "name_2"]) == ["name_3", "name", "name_4", "name_2"]


def test_columns_know_their_kinds_and_whether_they_are_the_headers() -> None:
    columns = Columns([Column("a", "a", "int"), Column("b", "b", "text")])
    assert columns.kinds() == {"a": "int", "b": "text"}
    assert columns.identity
    assert not Columns([Column("A", "a", "int")]).identity
