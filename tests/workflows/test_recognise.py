"""Which columns are taken for what."""

import pytest

from asyncclean.workflows.base import Columns
from asyncclean.workflows.recognise import kind_of, recognise


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("Title", "title salutation contact_title"),
        ("FirstName", "firstname first_name forename given_name fname customer_first_name middle_name"),
        ("LastName", "lastname last_name surname family_name lname"),
        ("FullName", "name full_name fullname contact_name customer_name"),
        (
            "Email",
            "email e_mail email_address e_mail_address company_email email_2 primary_email_address",
        ),
        (
            "Phone",
            "phone telephone tel tel_no phone_number mobile mobile_phone cell home_phone work_tel phone_1",
        ),
        ("Postcode", "postcode post_code zip zip_code postal_code billing_postcode"),
        ("Country", "country country_name country_code"),
        ("DateOfBirth", "dob date_of_birth birth_date birthdate d_o_b"),
        ("Date", "date start_date date_joined"),
        ("Company", "company company_name organisation organization employer business_name"),
        ("VatNumber", "vat vat_number vat_no vat_reg_no"),
        ("Iban", "iban"),
    ],
)
def test_names_tell(kind: str, names: str) -> None:
    assert {name: kind_of(name) for name in names.split()} == dict.fromkeys(names.split(), kind)


@pytest.mark.parametrize(
    "name",
    [
        "id", "customer_id", "notes", "address", "address_1", "town", "city", "email_opt_in", "email_status",
        "phone_type", "phone_extension", "file_name", "updated", "birthplace", "nickname", "user", "state",
        "vat_rate",
        "company_number", "email_clean", "changes", "quality_score", "age", "source",
        "contact", "user_name", "office_name", "site_name",
    ],
)  # fmt: skip
def test_other_names_do_not(name: str) -> None:
    assert kind_of(name) is None


def test_a_named_column_takes_the_place_of_those_found_by_name() -> None:
    columns: Columns = {"email": "text", "post": "text", "mobile": "text"}

    assert recognise(columns, {}) == {"email": "Email", "mobile": "Phone"}
    assert recognise(columns, {"Email": ("post",)}) == {"post": "Email", "mobile": "Phone"}
    assert recognise(columns, {"Email": ()}) == {"mobile": "Phone"}
    assert recognise(columns, {"Text": ("mobile",)}) == {"email": "Email", "mobile": "Text"}
