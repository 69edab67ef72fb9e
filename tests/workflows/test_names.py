"""How names and titles are written."""

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncclean.workflows import names
from asyncclean.workflows.text import tidy_value
from asyncclean.workflows.verdicts import Examine


@pytest.mark.parametrize(
    ("written", "right"),
    [
        ("JOHN", "John"),
        ("siobhán", "Siobhán"),
        ("JEAN-LUC", "Jean-Luc"),
        ("mary ann", "Mary Ann"),
        ("DeShawn", "DeShawn"),
        ("DE'ANDRE", "De'Andre"),
        ("JP", "JP"),
        ("AL", "Al"),
        ("t.j.", "T.J."),
        ("j", "J"),
        ("JOHN AND MARY", "John and Mary"),
        ('ROBERT "BOB"', 'Robert "Bob"'),
        ("ALİ", "Ali"),
        ("李小龍", "李小龍"),
    ],
)
def test_given_names(written: str, right: str) -> None:
    assert names.case_given(written) == right


@pytest.mark.parametrize(
    ("written", "right"),
    [
        ("O'BRIEN", "O'Brien"),
        ("o'brien", "O'Brien"),
        ("O’BRIEN", "O’Brien"),
        ("D'SOUZA", "D'Souza"),
        ("PE'ER", "Pe'er"),
        ("MCDONALD", "McDonald"),
        ("mcdonald", "McDonald"),
        ("MACDONALD", "MacDonald"),
        ("MACHIN", "Machin"),
        ("MACE", "Mace"),
        ("Mcdonald", "Mcdonald"),
        ("VAN DER BERG", "van der Berg"),
        ("van der berg", "van der Berg"),
        ("Van Der Berg", "Van Der Berg"),
        ("DE LA CRUZ", "de la Cruz"),
        ("LA SALLE", "La Salle"),
        ("VAN", "Van"),
        ("NG", "Ng"),
        ("ST JOHN", "St John"),
        ("SMITH-JONES", "Smith-Jones"),
        ("O'NEILL-MCDONALD", "O'Neill-McDonald"),
        ("AL-RASHID", "Al-Rashid"),
        ("SMITH JR", "Smith Jr"),
        ("SMITH III", "Smith III"),
        ("MÜLLER", "Müller"),
    ],
)
def test_surnames(written: str, right: str) -> None:
    assert names.case_family(written) == right


@pytest.mark.parametrize(
    ("written", "right"),
    [
        ("DR JANE VAN DER BERG PHD", "Dr Jane van der Berg PhD"),
        ("mr. & mrs. j smith", "Mr. & Mrs. J Smith"),
        ("SMITH, JOHN", "Smith, John"),
        ("JOHN SMITH MBE", "John Smith MBE"),
        ("John SMITH", "John Smith"),
        ("SIR IAN MCKELLEN CBE", "Sir Ian McKellen CBE"),
        ("NORMA MA", "Norma Ma"),
        ("Norma Jones, MA", "Norma Jones, MA"),
        ("Ludwig van Beethoven", "Ludwig van Beethoven"),
        ("MARIA DE LOS ANGELES GARCIA", "Maria de los Angeles Garcia"),
        ("J.R.R. TOLKIEN", "J.R.R. Tolkien"),
        ("William DuPre VI", "William DuPre VI"),
        ("DJ PATEL", "DJ Patel"),
    ],
)
def test_full_names(written: str, right: str) -> None:
    assert names.case_full(written) == right


@pytest.mark.parametrize(
    "text", ["123", "n/a", "Unknown", "jane@example.com", "J0hn", "-", "?", "http://x.example"]
)
def test_what_is_no_name_is_invalid(text: str) -> None:
    assert names.examine_given(text).value is None
    assert names.examine_family(text).value is None
    assert names.examine_full(text).value is None
    assert names.examine_as_written(text).value is None


@pytest.mark.parametrize("text", ["Null", "Na", "None", "Test", "X", "Henry 3rd", "Æ"])
def test_a_strange_name_is_a_name(text: str) -> None:
    assert names.examine_full(text).value == text


@pytest.mark.parametrize(
    ("written", "right"),
    [
        ("MR.", "Mr"),
        ("mr", "Mr"),
        ("MISS", "Miss"),
        ("Doctor", "Dr"),
        ("Prof. Dr.", "Prof Dr"),
        ("mr & mrs", "Mr & Mrs"),
        ("MR/MRS", "Mr/Mrs"),
        ("the rt hon", "The Rt Hon"),
        ("Head of IT", "Head of IT"),
        ("CEO", "CEO"),
    ],
)
def test_titles(written: str, right: str) -> None:
    assert names.examine_title(written).value == right


@pytest.mark.parametrize(
    "examine", [names.examine_given, names.examine_family, names.examine_full, names.examine_title]
)
@given(text=st.text(min_size=1) | st.text(alphabet="aAbBoO' -.,()mMcCdDéÉßİıŉ&", min_size=1))
def test_a_name_once_written_stays(examine: Examine, text: str) -> None:
    tidy, _ = tidy_value(text)
    if tidy and (once := examine(tidy, "").value) is not None:
        assert examine(once, "").value == once


@given(st.text(alphabet="aAbBoO' -.,mMcCdDéÉ&", min_size=1))
def test_only_case_changes(text: str) -> None:
    for case in (names.case_given, names.case_family, names.case_full):
        assert case(text).lower() == text.lower()


def test_mixed_case_names_of_people_are_hardly_touched(shared_data: Path) -> None:
    root = ET.parse(shared_data / "person_names_labelled.xml").getroot()
    people = {" ".join(" ".join(part.text or "" for part in name).split()) for name in root.iter("Name")}
    mixed = [name for name in people if all(part.istitle() for part in name.split())]

    changed = [name for name in mixed if names.case_full(name) != name]
    recovered = sum(names.case_full(name.upper()) == name for name in mixed)

    assert len(mixed) > 500
    assert not changed
    # From capitals alone nobody can tell an American Van Dyke from a Dutch van Dyke.
    assert recovered / len(mixed) > 0.96
