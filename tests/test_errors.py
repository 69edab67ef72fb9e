"""What an error says: one sentence of a bearable length and fit for a terminal, whatever a service sends."""

from unicodedata import category

import pytest

from asyncclean.cli.report import statistics_table
from asyncclean.errors import (
    AsynccleanError,
    AuthError,
    InputError,
    JobFailedError,
    RejectedError,
    printable,
    shortened,
)

NASTY = "\x1b]0;owned\x07 \x1b[31mred\r\nover\x00\x7f\x9b2J \u202ereversed\u2028next\ud800"
"""Sets a terminal's title, its colour, moves, breaks lines, turns the writing round, is no character."""


def is_fit(text: str) -> bool:
    return not any(category(char) in ("Cc", "Cs", "Zl", "Zp") or char == "\u202e" for char in text)


def refusal(**told: object) -> RejectedError:
    return RejectedError("refused", method="PATCH", path="/Dataset/d/data", status=400, **told)  # type: ignore[arg-type]


def test_a_thousand_bad_records_are_told_by_the_first_three() -> None:
    fields = {f"records[{n}].email": ["is odd", "is long"] for n in range(1000)}
    error = refusal(title="Not valid", fields=fields)
    assert str(error) == (
        "PATCH /Dataset/d/data: refused (status 400); Not valid; records[0].email: is odd, is long; "
        "records[1].email: is odd, is long; records[2].email: is odd, is long; and 997 more."
    )
    assert error.fields == fields


def test_few_fields_are_told_whole() -> None:
    error = refusal(fields={"a": ["one"], "b": ["two"], "c": ["three"]})
    assert str(error) == "PATCH /Dataset/d/data: refused (status 400); a: one; b: two; c: three."


def test_what_a_service_says_at_length_is_cut_in_the_sentence_and_whole_in_its_attribute() -> None:
    long = "word " * 100_000
    error = refusal(title=long, detail="x" + long, fields={f"{n}{long}": [long] * 1000 for n in range(5)})
    assert len(str(error)) < 2500
    assert str(error).endswith("…; and 2 more.")
    assert error.title == long
    assert error.detail == "x" + long
    assert error.fields["0" + long] == [long] * 1000


@pytest.mark.parametrize(
    "error",
    [
        refusal(title=NASTY, detail="a" + NASTY, fields={NASTY: [NASTY]}),
        AsynccleanError(NASTY, hint=NASTY),
        AuthError(NASTY),
        InputError(f"{NASTY}.csv", NASTY, hint=NASTY),
        JobFailedError("j", "failed", reason=NASTY),
    ],
)
def test_no_control_character_reaches_a_terminal(error: AsynccleanError) -> None:
    assert is_fit(str(error))
    assert is_fit(error.message)
    assert is_fit(error.hint)
    assert "red over" in str(error)


def test_attributes_keep_what_was_said_as_it_was() -> None:
    assert refusal(title=NASTY).title == NASTY
    assert JobFailedError("j", "failed", reason=NASTY).reason == NASTY


def test_a_job_s_reason_is_cut_in_the_sentence() -> None:
    error = JobFailedError("j", "failed", reason="why " * 10_000)
    assert len(str(error)) < 600
    assert error.reason == "why " * 10_000


def test_a_job_s_statistics_are_fit_for_a_terminal() -> None:
    table = statistics_table({"email_valid": 1, f"{NASTY}_valid": 2, NASTY: NASTY, "long": "x" * 10_000})
    assert all(is_fit(line) for line in table)
    assert max(map(len, table)) < 1000


def test_plain_text_in_any_language_stays_as_it_is() -> None:
    said = "Zoë – 東京, ‘naïve’ 👩‍🔬 «ok» נכון"
    assert printable(said) == said
    assert shortened(said) == said


def test_a_text_is_cut_to_at_most_its_length() -> None:
    assert shortened("abcdef", 6) == "abcdef"
    assert shortened("abcdefg", 6) == "abcde…"
    assert shortened("abcd     efg", 6) == "abcd…"
