"""Records that are hard to write, and a reader of CSV that shares nothing with the package."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hypothesis import strategies as st

from asyncclean.files.output import Page

FRAGMENTS = [
    "",
    " ",
    "},{",
    '"},{"',
    '},{"a":"',
    '":"',
    '":',
    '\\":"x',
    '","b":',
    "{",
    "}]",
    "[1]",
    "null",
    "-12.5",
    "00123",
    "=1+1",
    "@x",
    "'",
    '"',
    "\\",
    "\\\\u0041",
    "\\ud800",
    ",",
    "\t",
    "\n",
    "\r",
    "\r\n",
    "\x00",
    "\x1f",
    "\x7f",
    "\u2028",
    "\ufeff",
    "é",
    "😀",
    "naïve",
    "a",
]

texts = st.lists(st.sampled_from(FRAGMENTS) | st.text(max_size=3), max_size=4).map("".join)

NUMBERS = [
    "0",
    "-0",
    "1",
    "-7",
    "1.0",
    "1.10",
    "1e-5",
    "9223372036854775808",
    "12345678901234567890123",
    "0.1234567890123456789",
    "1E400",
]


@dataclass(frozen=True)
class Raw:
    """A value by the JSON that it was written as: numbers keep their digits."""

    json: str


scalars = texts | st.none() | st.booleans() | st.sampled_from(NUMBERS).map(Raw)
nested = st.lists(scalars, max_size=2) | st.dictionaries(
    st.sampled_from(["a", "x", '"']), scalars, max_size=2
)


@dataclass(frozen=True)
class Style:
    """How a service writes its JSON."""

    ascii: bool = False
    comma: str = ","
    colon: str = ":"
    around: str = ""

    def value(self, value: object) -> str:
        match value:
            case Raw(text):
                return text
            case list():
                return f"[{self.comma.join(map(self.value, value))}]"
            case dict():
                return self.record(value)
            case _:
                return json.dumps(value, ensure_ascii=self.ascii)

    def record(self, record: dict[str, object]) -> str:
        members = (f"{self.value(key)}{self.colon}{self.value(value)}" for key, value in record.items())
        return f"{{{self.comma.join(members)}}}"

    def page(self, records: Sequence[dict[str, object]]) -> Page:
        return self.put_together(map(self.record, records))

    def put_together(self, records: Iterable[str]) -> Page:
        written = list(records)
        return Page(f"{self.around}[{self.comma.join(written)}]{self.around}".encode(), len(written))


COMPACT = Style()
styles = st.sampled_from(
    [
        COMPACT,
        Style(ascii=True),
        Style(comma=", ", colon=": "),
        Style(comma=",\n ", colon=" :\t", around="\r\n"),
    ]
)


@st.composite
def pages(
    draw: st.DrawFn, names: Sequence[str], values: st.SearchStrategy[object] = scalars
) -> tuple[Page, list[dict[str, object]]]:
    """A page and its records, which may lack columns, have keys in any order, and be in several styles."""
    style = draw(styles)
    mixed = draw(st.booleans())
    held: list[dict[str, object]] = []
    written: list[str] = []
    for _ in range(draw(st.integers(0, 4))):
        keys = draw(st.permutations(names))
        record = {key: draw(values) for key in keys[: draw(st.integers(0, len(names)))]}
        held.append(record)
        written.append((draw(styles) if mixed else style).record(record))
    return style.put_together(written), held


def read_csv(text: str, delimiter: str) -> list[list[str | None]]:
    """Rows of RFC 4180; an empty field without quotes is None."""
    rows: list[list[str | None]] = []
    row: list[str | None] = []
    at = 0
    while at < len(text):
        if text[at] == '"':
            cell = ""
            at += 1
            while not (text[at] == '"' and text[at + 1 : at + 2] != '"'):
                at += 2 if text[at] == '"' else 1
                cell += text[at - 1]
            at += 1
            row.append(cell)
        else:
            start = at
            while text[at] not in (delimiter, "\n"):
                at += 1
            row.append(text[start:at] or None)
        if text[at] == "\n":
            rows.append(row)
            row = []
        at += 1
    assert row == []
    return rows
