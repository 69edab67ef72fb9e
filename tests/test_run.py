"""The parts of a run that need no service: names, and where a job's outputs go."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from asyncclean.run import fresh_name, other_outputs


@given(st.text(max_size=80))
def test_a_made_up_name_is_one_that_the_service_takes(stem: str) -> None:
    name = fresh_name(stem)
    assert name[0] in "abcdefghijklmnopqrstuvwxyz"
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789_")
    assert len(name) <= 80
    assert fresh_name(stem) != name


def test_the_first_input_s_output_goes_to_the_path_and_others_beside_it() -> None:
    outputs = {"Report": "r", "Contacts": "c", "Other": "o"}
    assert other_outputs(outputs, "Contacts", Path("out/x.csv.gz")) == {
        "Contacts": ("c", Path("out/x.csv.gz")),
        "Report": ("r", Path("out/x.Report.csv.gz")),
        "Other": ("o", Path("out/x.Other.csv.gz")),
    }
    assert list(other_outputs({"A": "a", "B": "b"}, "Contacts", Path("x.csv"))) == ["A", "B"]


def test_a_key_never_leads_out_of_the_folder() -> None:
    outputs = other_outputs({"Contacts": "a", "../../etc/x": "b"}, "Contacts", Path("out/x.csv"))
    assert outputs["../../etc/x"] == ("b", Path("out/x..._.._etc_x.csv"))
