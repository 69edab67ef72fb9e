"""What a person is told at the end of a run."""

from asyncclean.cli.report import statistics_table


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
