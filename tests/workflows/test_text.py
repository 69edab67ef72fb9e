"""Text as such: mojibake, spaces and unseen characters."""

import json
from pathlib import Path

import ftfy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncclean.workflows.text import repair, tidy_lines, tidy_spaces, tidy_value


@pytest.mark.parametrize(
    ("text", "tidied", "change"),
    [
        ("plain text", "plain text", ""),
        ("Zoë", "Zoë", ""),
        ("ZoÃ«", "Zoë", "encoding"),
        ("MÃ¼ller", "Müller", "encoding"),
        ("FranÃ§ois", "François", "encoding"),
        ("O’Brien", "O'Brien", "characters"),
        ("Oâ€™Brien", "O'Brien", "encoding"),
        ("Smith &amp; Jones", "Smith & Jones", "characters"),
        ("O&#39;Brien", "O'Brien", "characters"),
        ("AT&T", "AT&T", ""),
        ("Zoe\u0308", "Zoë", "characters"),
        ("  a  b\t", "a b", "spaces"),
        ("a\u00a0b", "a b", "spaces"),
        ("a\r\nb\u2028c", "a b c", "characters, spaces"),
        ("a\u200bb\x00", "ab", "characters, unseen characters"),
        ("\ufeffa", "a", "characters"),
        ("\u200b", "", "unseen characters"),
        ("   ", "", "spaces"),
        ("👩\u200d🔬", "👩\u200d🔬", ""),
        ("می\u200cخواهم", "می\u200cخواهم", ""),
        ("李小龍", "李小龍", ""),
    ],
)
def test_tidying(text: str, tidied: str, change: str) -> None:
    got, told = tidy_value(text)

    assert got == tidied
    assert told.startswith(change) if change else not told


def test_without_repair_only_spaces_and_unseen_characters_go() -> None:
    assert tidy_spaces(" ZoÃ«  &amp; \u200b") == ("ZoÃ« &amp;", "unseen characters, spaces")


def test_lines_are_kept_where_they_matter() -> None:
    assert tidy_lines(" 1 High  St\r\n\tLeeds \n") == ("1 High St\nLeeds", "spaces")


@pytest.mark.parametrize(("file", "cases"), [("in_the_wild", 70), ("synthetic", 30), ("negative", 31)])
def test_mojibake_is_repaired_and_nothing_else_taken_for_it(shared_data: Path, file: str, cases: int) -> None:
    examples = json.loads((shared_data / f"mojibake_{file}.json").read_text(encoding="utf-8"))
    wrong = [example["label"] for example in examples if repair(example["original"])[0] != example["fixed"]]

    assert len(examples) == cases
    assert not wrong
    if file == "negative":
        told = [repair(example["original"])[1] for example in examples]
        # Three have curled quotes, which are straightened; one is "mostly negative", with a stray control.
        assert (told.count("characters"), told.count("encoding")) == (3, 1)


@given(st.text() | st.text(alphabet=[chr(code) for code in (*range(0x20, 0x7F), *range(0xC0, 0x100))]))
def test_what_is_passed_by_unlooked_at_is_what_ftfy_would_leave(text: str) -> None:
    tidied, change = tidy_value(text)
    if not change:
        assert tidied == text == ftfy.fix_text(text)
