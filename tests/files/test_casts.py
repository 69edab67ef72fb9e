"""Texts become other kinds strictly: what is not plainly of a kind does not fit."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asyncclean.files.casts import cast
from asyncclean.files.columns import Column, Columns
from asyncclean.kinds import ColumnKind


def one(text: str, kind: ColumnKind) -> object:
    """What a text becomes; raises ValueError with the reason where it does not fit."""
    columns = Columns([Column("X", "x", kind)])
    frame, misfits = cast(pl.DataFrame({"x": [text]}), columns)
    if misfits:
        assert frame["x"].to_list() == [None]
        raise ValueError(misfits[0].reason)
    return frame["x"][0]


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("int", "007", 7),
        ("int", "+5", 5),
        ("int", "-9223372036854775808", -(2**63)),
        ("decimal", "1.50", 1.5),
        ("decimal", "-.5", -0.5),
        ("decimal", "5.", 5.0),
        ("decimal", "1e-3", 0.001),
        ("decimal", "0.30000000000000004", 0.1 + 0.2),
        ("decimal", "100000000000000000000.00", 1e20),
        ("bool", "TRUE", True),
        ("bool", "no", False),
        ("bool", "1", True),
        ("datetime", "2024-01-31", "2024-01-31"),
        ("datetime", "2024-01-31 12:00", "2024-01-31T12:00:00"),
        ("datetime", "2024-01-31T12:00:00.1234567Z", "2024-01-31T12:00:00.1234567Z"),
        ("datetime", "20240131T120000+0100", "2024-01-31T12:00:00+01:00"),
        ("datetime", "2024-W05-3", "2024-01-31T00:00:00"),
    ],
)
def test_a_text_that_fits_is_its_value(kind: ColumnKind, text: str, value: object) -> None:
    assert one(text, kind) == value


MISFITS: dict[ColumnKind, list[str]] = {
    "int": ["x", " 5", "5 ", "1.0", "1e3", "1_000", "٣", "9223372036854775808", "+", "--1"],
    "decimal": ["x", "1,5", "nan", "inf", "1e400", "1_0.0", "0x10", ".", "12345678901234567890.1"],
    "bool": ["y", "true!", "2", "on"],
    "datetime": ["31/01/2024", "2024-02-30", "yesterday", "2024-01-31T25:00:00", "12:00"],
}


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind in MISFITS for text in MISFITS[kind]])
def test_a_text_that_does_not_fit_is_named(kind: ColumnKind, text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a|is not one of") as error:
        one(text, kind)
    assert repr(text) in str(error.value)


@pytest.mark.parametrize("kind", ["int", "decimal", "bool", "datetime"])
def test_an_empty_text_is_a_missing_value(kind: ColumnKind) -> None:
    assert one("", kind) is None


@given(
    st.lists(
        st.none() | st.text(max_size=4) | st.from_regex(r"[-+]?[0-9.]{1,20}(e[0-9]{1,12})?", fullmatch=True)
    )
)
@settings(deadline=None)
def test_whatever_is_cast_is_kept_or_named(texts: list[str | None]) -> None:
    columns = Columns([Column("I", "i", "int"), Column("D", "d", "decimal"), Column("T", "t", "text")])
    frame, misfits = cast(
        pl.DataFrame(dict.fromkeys("idt", texts), schema=dict.fromkeys("idt", pl.String)), columns
    )
    assert frame["t"].to_list() == texts
    named = {misfit.row for misfit in misfits}
    assert [misfit.row for misfit in misfits] == sorted(named)
    for row, text in enumerate(texts):
        if row not in named and text:
            assert frame["i"][row] == int(text)
            assert frame["d"][row] == float(text)


def test_the_first_misfit_of_each_row_is_named_in_order() -> None:
    columns = Columns([Column("I", "i", "int"), Column("B", "b", "bool")])
    _, misfits = cast(pl.DataFrame({"i": ["1", "x", "y"], "b": ["z", "z", "1"]}), columns)
    assert [(misfit.row, misfit.column.header) for misfit in misfits] == [(0, "B"), (1, "I"), (2, "I")]
