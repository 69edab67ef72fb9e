"""Cuts pages into records by searching for bytes, in polars, without parsing. Knows when that is right.

What cannot be shown to be right here is read by `exact`. All of it runs without the interpreter's lock, so
that the event loop goes on meanwhile. Facts are asked for in one go: a call costs as much as a page.
"""

import io
import json
from collections.abc import Mapping, Sequence
from typing import IO, Any

import orjson
import polars as pl
from polars.exceptions import PolarsError

from asyncclean.files.pages import Page

PAGE = pl.col("page")
"""The text of the pages, one a row."""

_BOUNDARY = r'\},[ \t]*\{"'
_SURE_BOUNDARY = r'\},[ \t]*\{"[^,}\]:\s]'
_ARRAYS = (PAGE.str.starts_with('[{"') & PAGE.str.ends_with("}]")).all()
_CERTAIN = (
    (PAGE.str.count_matches(r"\{") == pl.col("records"))
    & (PAGE.str.count_matches(_SURE_BOUNDARY) == pl.col("records") - 1)
).all()
_AS_MANY_BOUNDARIES = (PAGE.str.count_matches(_BOUNDARY) == pl.col("records") - 1).all()


def has(pattern: str) -> pl.Expr:
    """Whether a pattern occurs in any of the pages."""
    return PAGE.str.contains(pattern).any()


# JSON has bare line breaks, and space before a colon, only between its parts.
_LINE_BREAK = has(r"[\r\n]")
_NESTED = has(r'":[ \t]*[\[{]')
_KEY_WITH_QUOTE = has(r'\\"[a-z0-9_]*":')
SPACE_BEFORE_COLON = has(r"[ \t\r\n]:")
"""A quick sign that `SPACE_BEHIND_KEY` may be so."""
SPACE_BEHIND_KEY = has(r'"[ \t\r\n]+:')


def look(text: pl.DataFrame, *facts: pl.Expr) -> tuple[Any, ...]:
    """These facts about some pages."""
    return text.select(fact.alias(str(place)) for place, fact in enumerate(facts)).row(0)


def text_of(pages: Sequence[Page]) -> pl.DataFrame | None:
    """The pages as text, one a row with its ``records``; None where one is not UTF-8."""
    json = pl.Series("page", [page.json.strip() for page in pages], dtype=pl.Binary)
    records = pl.Series("records", [page.records for page in pages], dtype=pl.UInt32)
    try:
        return pl.DataFrame([json.cast(pl.String), records])
    except PolarsError:
        return None


def certain_text(pages: Sequence[Page]) -> pl.DataFrame | None:
    """The pages as text, if every ``},{"`` in them, taken to be valid JSON, parts two of their records.

    First by counting (see `pages.count_records` for why that is right). Where it does not tell, because of
    a brace in a string, by parsing the pieces: one that was cut in a string, or in a list of objects, is no
    JSON, so if all are, and they are as many as claimed, each cut was right.
    """
    text = text_of(pages)
    if text is None:
        return None
    arrays, line_break, certain = look(text, _ARRAYS, _LINE_BREAK, _CERTAIN)
    if not arrays or line_break:
        return None
    if certain:
        return text
    as_many = look(text, _AS_MANY_BOUNDARIES)[0] and _pieces(text) == text["records"].sum()
    return text if as_many else None


def _pieces(text: pl.DataFrame) -> int | None:
    """How many records lie between the cuts, or None when what lies there is no JSON."""
    pieces: list[IO[bytes]] = [io.BytesIO(page) for page in cut(text, "\n")]
    try:
        return pl.read_ndjson(pieces, schema={"": pl.String}).height
    except PolarsError:
        return None


def cut(text: pl.DataFrame, separator: str) -> list[memoryview]:
    """What lies between the cuts, page by page, ``separator`` (which holds no ``$``) in their places."""
    cut = PAGE.str.replace_all(_BOUNDARY, f'}}{separator}{{"').cast(pl.Binary)
    return [memoryview(page)[1:-1] for page in text.select(cut)["page"]]


def rename(text: pl.DataFrame, keys: Mapping[str, str]) -> pl.DataFrame | None:
    """Pages that are certain, with other keys; None where it is not plain what a record's own key is.

    ``"name":`` in valid JSON is a key, for what follows a string's closing quote is never a colon, and no
    string holds bare quotes. It could only be the end of a key that holds a quote itself.
    """
    nested, quote, spaced = look(text, _NESTED, _KEY_WITH_QUOTE, SPACE_BEFORE_COLON)
    if nested or quote or (spaced and look(text, SPACE_BEHIND_KEY)[0]):
        return None
    page = PAGE
    for name, header in keys.items():
        page = page.str.replace_all(f'"{name}":', json_key(header).replace("$", "$$") + ":")
    return text.with_columns(page)


def json_key(key: str) -> str:
    """A key as JSON, in which no quote but the outer ones stands bare: no other key can be found in it."""
    try:
        plain = orjson.dumps(key).decode()
    except TypeError:  # half of a surrogate pair, which only an escape can hold
        plain = json.dumps(key)
    return '"' + plain[1:-1].replace('\\"', "\\u0022") + '"'
