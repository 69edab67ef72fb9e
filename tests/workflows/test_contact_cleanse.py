"""ContactCleanse as a whole: which columns it takes, what it gives back, and what it leaves alone."""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping

import polars as pl
import pytest
from polars.testing import assert_frame_equal, assert_series_equal

from asyncclean.kinds import ColumnKind
from asyncclean.workflows.base import Columns, WorkflowError
from asyncclean.workflows.contact_cleanse import ContactCleanse

DTYPES: Mapping[ColumnKind, type[pl.DataType]] = {
    "text": pl.String, "int": pl.Int64, "decimal": pl.Float64, "bool": pl.Boolean, "datetime": pl.String,
}  # fmt: skip


def run(
    data: Mapping[str, list[object]], kinds: Columns | None = None, **parameters: str
) -> tuple[pl.DataFrame, Counter[str]]:
    """The workflow on one block; checks on the way that the output is what it declared."""
    columns: Columns = {name: (kinds or {}).get(name, "text") for name in data}
    frame = pl.DataFrame(data, schema={name: DTYPES[kind] for name, kind in columns.items()})
    workflow = ContactCleanse(columns, {name.replace("__", "."): value for name, value in parameters.items()})
    output, statistics = workflow.cleanse(frame)
    assert dict(output.schema) == {name: DTYPES[kind] for name, kind in workflow.output_columns.items()}
    assert output.height == frame.height
    return output, statistics


def test_a_dirty_contact_comes_back_clean_with_what_was_done() -> None:
    output, statistics = run(
        {
            "title": ["MR."],
            "first_name": ["  JEAN-LUC "],
            "last_name": ["o'brien"],
            "email": ["jean@EXAMPLE,com"],
            "phone": ["07400 123456"],
            "postcode": ["sw1a1aa"],
            "dob": ["1/2/80"],
            "company": ["acme trading ltd."],
        }
    )

    assert output.to_dicts() == [
        {
            "title": "Mr",
            "first_name": "Jean-Luc",
            "last_name": "O'Brien",
            "email": "jean@example.com",
            "phone": "+447400123456",
            "postcode": "SW1A 1AA",
            "dob": "1980-02-01",
            "company": "Acme Trading Ltd",
            "title_status": "corrected",
            "first_name_status": "corrected",
            "last_name_status": "corrected",
            "email_status": "corrected",
            "email_suggestion": None,
            "email_disposable": False,
            "phone_status": "corrected",
            "phone_type": "mobile",
            "phone_extension": None,
            "postcode_status": "corrected",
            "dob_status": "corrected",
            "company_status": "corrected",
            "changes": "title: usual form; first_name: spaces, capitals; last_name: capitals; "
            "email: comma for dot, domain in lower case; phone: E.164; postcode: capitals, spacing; "
            "dob: ISO 8601; company: capitals",
            "quality_score": 100,
        }
    ]
    assert statistics["records"] == statistics["records_changed"] == statistics["email_corrected"] == 1


def test_a_clean_contact_comes_back_as_it_was_and_valid() -> None:
    contact: dict[str, list[object]] = {
        "full_name": ["Jane van der Berg"],
        "email": ["Jane@example.com"],
        "phone": ["+442079460018"],
        "postcode": ["SW1A 1AA"],
    }

    output, _ = run(contact)

    assert output.select(list(contact)).to_dict(as_series=False) == contact
    assert set(output.select(pl.col("^.*_status$")).row(0)) == {"valid"}
    assert output["changes"].to_list() == [None]
    assert output["quality_score"].to_list() == [100]


def test_columns_that_are_not_recognised_stay_as_they_are_and_so_does_the_order_of_records() -> None:
    data: dict[str, list[object]] = {
        "id": [3, None, 1],
        "email": ["A@EXAMPLE.com", None, ""],
        "notes": ["  Ã© \n", None, ""],
        "score": [0.1, None, 2.0],
        "vip": [True, None, False],
    }
    kinds: Columns = {"id": "int", "score": "decimal", "vip": "bool"}

    output, _ = run(data, kinds)

    assert list(output.columns)[:5] == list(data)
    for name in ("id", "notes", "score", "vip"):
        assert output[name].to_list() == data[name]
    assert output["email"].to_list() == ["A@example.com", None, ""]
    assert output["email_status"].to_list() == ["corrected", "empty", "empty"]


def test_a_block_of_no_records_gives_all_columns_and_no_records() -> None:
    output, statistics = run({"email": [], "phone": [], "country": []})

    assert output.height == 0
    assert +statistics == Counter()


def test_blocks_give_what_the_whole_gives() -> None:
    columns: Columns = {"name": "text", "phone": "text", "country": "text"}
    frame = pl.DataFrame(
        {
            "name": ["JOHN SMITH", None, "x" * 300, "Zoë"] * 25,
            "phone": ["07400 123456", "(212) 555-0123", "", "none"] * 25,
            "country": ["UK", "USA", None, "Atlantis"] * 25,
        }
    )
    workflow = ContactCleanse(columns, {})
    whole, counted = workflow.cleanse(frame)

    pieces = [ContactCleanse(columns, {}).cleanse(frame.slice(at, 7)) for at in range(0, 100, 7)]

    assert_frame_equal(pl.concat([piece for piece, _ in pieces]), whole)
    assert sum((counts for _, counts in pieces), Counter()) == +counted


def test_a_column_of_the_users_is_never_written_over() -> None:
    output, _ = run(
        {"email": ["a@example.com"], "email_status": ["mine"], "changes": ["too"], "changes_2": ["and"]}
    )

    assert output["email_status"].to_list() == ["mine"]
    assert output["email_status_2"].to_list() == ["valid"]
    assert output["changes"].to_list() == ["too"]
    assert output["changes_2"].to_list() == ["and"]
    assert output["changes_3"].to_list() == [None]


def test_several_columns_of_one_kind_are_each_cleansed() -> None:
    output, _ = run({"phone": ["020 7946 0018 x12"], "mobile": ["07400 123456"]})

    assert output["phone"].to_list() == ["+442079460018"]
    assert output["phone_type"].to_list() == ["fixed_line"]
    assert output["phone_extension"].to_list() == ["12"]
    assert output["mobile"].to_list() == ["+447400123456"]
    assert output["mobile_type"].to_list() == ["mobile"]


def test_the_records_country_governs_its_phone_and_postcode() -> None:
    output, _ = run(
        {
            "phone": ["(212) 555-0123", "0400 000000", "020 7946 0018"],
            "zip": ["10001", "1234", "sw1a 1aa"],
            "country": ["USA", "Atlantis", None],
        }
    )

    assert output["phone_status"].to_list() == ["corrected", "invalid", "corrected"]
    assert output["zip_status"].to_list() == ["valid", "invalid", "corrected"]
    assert output["country_code"].to_list() == ["US", None, None]
    assert output["country"].to_list() == ["USA", "Atlantis", None]
    assert output["country_status"].to_list() == ["valid", "invalid", "empty"]


def test_default_country_is_that_of_records_without_one() -> None:
    output, _ = run({"phone": ["(212) 555-0123"], "zip": ["10001"]}, DefaultCountry="United States")

    assert output["phone"].to_list() == ["+12125550123"]
    assert output["zip_status"].to_list() == ["valid"]


def test_append_leaves_the_columns_and_adds_clean_ones() -> None:
    output, _ = run({"email": ["A@EXAMPLE.com", "nonsense", None]}, OutputMode="append")

    assert output["email"].to_list() == ["A@EXAMPLE.com", "nonsense", None]
    assert output["email_clean"].to_list() == ["A@example.com", "nonsense", None]
    assert output["email_status"].to_list() == ["corrected", "invalid", "empty"]


def test_drop_invalid_blanks_the_value_and_keeps_the_record() -> None:
    output, _ = run({"email": ["a@b@c", "a@example.com"], "phone": ["", "12"]}, DropInvalid="true")

    assert output["email"].to_list() == [None, "a@example.com"]
    assert output["email_status"].to_list() == ["invalid", "valid"]
    assert output["phone"].to_list() == ["", None]
    assert output["changes"].to_list() == ["email: invalid value dropped", "phone: invalid value dropped"]


def test_repairs_and_capitals_can_be_turned_off() -> None:
    output, _ = run(
        {"first_name": ["ZOÃ‹  ANN"], "company": ["ACME LTD"]}, RepairEncoding="false", NameCase="false"
    )

    assert output["first_name"].to_list() == ["ZOÃ‹ ANN"]
    assert output["company"].to_list() == ["ACME LTD"]


def test_columns_can_be_named_and_then_no_other_is_of_that_kind() -> None:
    output, _ = run(
        {"email": ["A@EXAMPLE.com"], "work_mail": ["B@EXAMPLE.com"], "notes": [" caf\u00c3\u00a9  x \n y "]},
        Column__Email="work_mail",
        Column__Text="notes",
    )

    assert output["email"].to_list() == ["A@EXAMPLE.com"]
    assert output["work_mail"].to_list() == ["B@example.com"]
    assert output["notes"].to_list() == ["café x\ny"]
    assert output["notes_status"].to_list() == ["corrected"]


def test_a_kind_can_be_turned_off() -> None:
    output, _ = run({"email": ["A@EXAMPLE.com"], "dob": ["1/2/80"]}, Column__DateOfBirth="")

    assert output["dob"].to_list() == ["1/2/80"]
    assert "dob_status" not in output


def test_whole_numbers_become_text_and_typed_dates_stay() -> None:
    output, _ = run(
        {
            "phone": [447400123456, 12, None],
            "dob": ["1980-02-01T00:00:00.0000000Z", "2980-02-01T00:00:00.0000000Z", None],
        },
        {"phone": "int", "dob": "datetime"},
    )

    assert output["phone"].to_list() == ["+447400123456", "12", None]
    assert output["phone_status"].to_list() == ["corrected", "invalid", "empty"]
    assert output["dob"].to_list() == ["1980-02-01T00:00:00.0000000Z", "2980-02-01T00:00:00.0000000Z", None]
    assert output["dob_status"].to_list() == ["valid", "invalid", "empty"]


def test_a_very_long_value_is_invalid_at_once_and_stays() -> None:
    long = "1 " * 100_000 + "(a"

    output, _ = run(
        {
            name: [long]
            for name in ("title", "name", "company", "email", "phone", "postcode", "country", "dob")
        }
    )

    assert set(output.select(pl.col("^.*_status$")).row(0)) == {"invalid"}
    assert output["phone"].to_list() == [long]


def test_a_likely_typo_is_suggested_not_applied_and_halves_its_worth() -> None:
    output, statistics = run({"email": ["jane@gmial.com", "jane@gmail.com", None]})

    assert output["email"].to_list() == ["jane@gmial.com", "jane@gmail.com", None]
    assert output["email_suggestion"].to_list() == ["jane@gmail.com", None, None]
    assert output["quality_score"].to_list() == [50, 100, 0]
    assert statistics["email_suggestion"] == 1


def test_the_better_of_two_columns_of_a_kind_counts_in_the_quality_score() -> None:
    output, _ = run({"phone": ["nonsense", None], "mobile": ["+447400123456", None], "email": [None, None]})

    assert output["quality_score"].to_list() == [50, 0]


@pytest.mark.parametrize(
    ("columns", "parameters", "says"),
    [
        (["a", "b"], {}, "nothing to cleanse among the columns a, b.*FullName"),
        (["title", "price"], {}, "nothing to cleanse"),
        (["email"], {"DefaultContry": "GB"}, "no parameter 'DefaultContry'.*DefaultCountry"),
        (["email"], {"Column.Mail": "email"}, "no parameter 'Column.Mail'.*Column.Email"),
        (["email"], {"Column.Email": "mail"}, "'mail', which is not there.*email"),
        (["email"], {"Column.Email": "email", "Column.Text": "email"}, "as Column.Email and as Column.Text"),
        (["email"], {"DefaultCountry": "Atlantis"}, "DefaultCountry must be a country.*'Atlantis'"),
        (["email"], {"DateOrder": "DYM"}, "DateOrder must be DMY or MDY or YMD, not 'DYM'"),
        (["email"], {"NameCase": "perhaps"}, "NameCase must be true"),
        (["email"], {"OutputMode": "add"}, "OutputMode must be replace or append, not 'add'"),
        (["email"], {"Today": "yesterday"}, "Today must be a date"),
    ],
)
def test_what_cannot_be_done_is_refused_with_what_can(
    columns: list[str], parameters: dict[str, str], says: str
) -> None:
    with pytest.raises(WorkflowError, match=says):
        ContactCleanse(dict.fromkeys(columns, "text"), parameters)


def test_a_column_of_the_wrong_type_is_refused_when_named_and_left_when_not() -> None:
    columns: Columns = {"email": "int", "phone": "text"}

    assert "email_status" not in ContactCleanse(columns, {}).output_columns
    with pytest.raises(
        WorkflowError, match=r"'email' given as Column.Email is of type int; it must be of type text"
    ):
        ContactCleanse(columns, {"Column.Email": "email"})


def test_what_is_cleansed_stays_when_cleansed_again() -> None:
    columns: Columns = {"name": "text", "email": "text", "phone": "text", "postcode": "text", "dob": "text"}
    frame = pl.DataFrame(
        {
            "name": ["DR JANE SMITH PHD", "von trapp, maria"],
            "email": ["<A@EXAMPLE.com>", "bad"],
            "phone": ["020 7946 0018 ext. 4", "0000"],
            "postcode": ["SW1A OAA", "ZZ99 9ZZ"],
            "dob": ["3rd March 1999", "31/02/1999"],
        }
    )
    workflow = ContactCleanse(columns, {"Today": "2026-01-31"})

    once, _ = workflow.cleanse(frame)
    twice, _ = workflow.cleanse(once.select(list(columns)))

    for name in columns:
        assert_series_equal(twice[name], once[name])
    assert not twice["changes"].is_not_null().any()


def test_a_library_that_is_not_installed_is_told_with_its_extra() -> None:
    program = (
        "import sys; sys.modules['phonenumbers'] = None\n"
        "from asyncclean.errors import MissingExtraError\n"
        "from asyncclean.workflows import registry\n"
        "workflow = registry.find('ContactCleanse')\n"
        "try:\n    workflow({'email': 'text'}, {})\n"
        "except MissingExtraError as error:\n    print(error)"
    )

    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout

    assert "ContactCleanse needs the extra 'local'." in told
    assert "pip install 'asyncclean[local]'" in told


def test_another_process_gives_the_same_answer() -> None:
    program = (
        "import polars as pl\n"
        "from asyncclean.workflows.contact_cleanse import ContactCleanse\n"
        "frame = pl.DataFrame({'name': ['JANE MCDONALD', None], 'phone': ['020 7946 0018 (work)', 'x']})\n"
        "output, statistics = ContactCleanse(dict.fromkeys(frame.columns, 'text'), {}).cleanse(frame)\n"
        "print(output.write_json(), sorted(statistics.items()))"
    )

    answers = {
        subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2", "3")
    }

    assert len(answers) == 1
