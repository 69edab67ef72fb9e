"""ContactCleanse over whole files: the example that comes with the project, and real data."""

import csv
import re
import runpy
from collections import Counter
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from asyncclean.workflows.contact_cleanse import ContactCleanse

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"


def read(path: Path) -> pl.DataFrame:
    """The file as text, under column names that the API takes."""
    with path.open(encoding="utf-8", newline="") as lines:
        header, *rows = csv.reader(lines)
    names = [re.sub(r"[^a-z0-9]+", "_", name.strip().lower()) for name in header]
    return pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")


def cleansed(frame: pl.DataFrame, **parameters: str) -> tuple[pl.DataFrame, Counter[str], ContactCleanse]:
    """Block by block, as the server does."""
    workflow = ContactCleanse(dict.fromkeys(frame.columns, "text"), parameters)
    blocks = [workflow.cleanse(block) for block in frame.iter_slices(1_000)]
    return (
        pl.concat(output for output, _ in blocks),
        sum((counts for _, counts in blocks), Counter()),
        workflow,
    )


def statuses(workflow: ContactCleanse) -> list[str]:
    return [name for name in workflow.output_columns if name.endswith("_status")]


def test_the_example_file_is_what_its_script_makes() -> None:
    script = runpy.run_path(str(EXAMPLES / "make_contacts.py"))

    assert (EXAMPLES / "contacts.csv").read_bytes().decode() == script["contacts"]()


def test_the_example_file_has_every_kind_of_trouble_and_comes_out_whole() -> None:
    frame = read(EXAMPLES / "contacts.csv")

    output, statistics, workflow = cleansed(frame, Today="2026-01-31")

    kept = [name for name in frame.columns if f"{name}_status" not in workflow.output_columns]
    assert kept == ["customer_id", "address", "town", "notes"]
    assert_frame_equal(output.select(kept), frame.select(kept))
    assert statistics["records"] == frame.height == 3_500
    for name in ("first_name", "last_name", "email_address", "mobile", "postcode", "date_of_birth"):
        assert (
            min(statistics[f"{name}_{status}"] for status in ("valid", "corrected", "invalid", "empty")) > 20
        )
    assert statistics["email_suggestion"] > 50
    assert statistics["email_disposable"] > 50
    assert output["first_name"].str.contains("Ã").sum() == 0
    assert set(output["phone_type"].drop_nulls()) >= {"fixed_line"}
    assert output["phone_extension"].drop_nulls().len() > 100


@pytest.mark.parametrize(
    ("file", "country"),
    [
        ("early_learning_sites.csv", "US"),
        ("fake_1000.csv", "GB"),
        ("febrl1.csv", "AU"),
        ("febrl3.csv", "AU"),
        ("febrl4a.csv", "AU"),
        ("febrl4b.csv", "AU"),
    ],
)
def test_real_contacts_come_out_in_number_and_in_order(shared_data: Path, file: str, country: str) -> None:
    frame = read(shared_data / file)

    output, statistics, workflow = cleansed(frame, DefaultCountry=country, Today="2026-01-31")

    looked_at = [name for name in frame.columns if f"{name}_status" in workflow.output_columns]
    kept = [name for name in frame.columns if name not in looked_at]
    assert len(looked_at) >= 4
    assert statistics["records"] == output.height == frame.height
    assert_frame_equal(output.select(kept), frame.select(kept))
    # An invalid or a valid value is the one that was given; a second run over the output finds nothing to do.
    for name in looked_at:
        stays = output[f"{name}_status"].is_in(["valid", "invalid"])
        assert output[name].filter(stays).to_list() == frame[name].filter(stays).to_list()
    again, _, _ = cleansed(output.select(frame.columns), DefaultCountry=country, Today="2026-01-31")
    assert_frame_equal(again.select(frame.columns), output.select(frame.columns))
    for status in statuses(workflow):
        assert not (again[status] == "corrected").any()
