"""What a person is told at the end of a run."""

from asyncclean.cli.report import counted, sized, statistics_table


def test_counts_by_column_and_status_make_a_table() -> None:
    lines = statistics_table({"email_valid": 1200, "email_invalid": 3, "records": 1203, "postcode_empty": 7})
    assert lines == [
        "              valid  corrected    invalid      empty",
        "email         1,200          0          3          0",
        "postcode          0          0          0          7",
        "records 1,203",
    ]


def test_counts_of_another_shape_stand_in_a_row() -> None:
    assert statistics_table({"records": 5, "note": "none"}) == ["records 5, note none"]
    assert statistics_table({}) == []


def test_one_is_told_as_one() -> None:
    assert [counted(count, "block") for count in (0, 1, 1200)] == ["0 blocks", "1 block", "1,200 blocks"]
    assert [counted(count, "retry", "retries") for count in (1, 2)] == ["1 retry", "2 retries"]


def test_a_size_is_told_in_a_unit_that_shows_it() -> None:
    assert [sized(size) for size in (1, 999, 141_781, 1_400_000_000)] == [
        "1 byte",
        "999 bytes",
        "141.8 kB",
        "1,400.0 MB",
    ]
