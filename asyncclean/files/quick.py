"""Cuts pages into records by searching for bytes, in polars, without parsing. Knows when that is right.

What cannot be shown to be right here is read by `exact`. All of it runs without the interpreter's lock, so
that the event loop goes on meanwhile. Facts are asked for in one go: a call costs as much as a page.
"""

import io
from collections.abc import Mapping, Sequence
from typing import IO, Any

import polars as pl
from polars.exceptions import PolarsError

from asyncclean.files import exact
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


def numbered(facts: Sequence[pl.Expr]) -> list[pl.Expr]:
    """Expressions named by their places, so that they can stand in one row."""
    return [fact.alias(str(place)) for place, fact in enumerate(facts)]


def look(text: pl.DataFrame, *facts: pl.Expr) -> tuple[Any, ...]:
    """These facts about some pages."""
    return answers(text.select(numbered(facts)), len(facts))


def answers(found: pl.DataFrame, count: int) -> tuple[Any, ...]:
    """The answers to so many numbered expressions."""
    return tuple(found.item(0, str(place)) for place in range(count))


def text_of(pages: Sequence[Page]) -> pl.DataFrame | None:
    """The pages as text, one a row with its ``records``; None where one is not UTF-8."""
    json = pl.Series("page", [page.json.strip() for page in pages], dtype=pl.Binary)
    records = pl.Series("records", [page.records for page in pages], dtype=pl.UInt32)
    try:
        return pl.DataFrame([json.cast(pl.String), records])
    except PolarsError:
        return None


def records(pages: Sequence[Page], separator: str, keys: Mapping[str, str]) -> list[memoryview] | None:
    """The pages' records as they stand, page by page, with ``separator`` (which holds no ``$``) among them
    and other ``keys``; None when it cannot be shown that this is right.

    It is where every ``},{"`` in the pages, taken to be valid JSON, parts two of the records they claim.
    First by counting (see `pages.count_records` for why that is right). Where it does not tell, because of
    a brace in a string, by parsing the pieces: one that was cut in a string, or in a list of objects, is no
    JSON, so if all are, and they are as many as claimed, each cut was right.
    """
    text = text_of(pages)
    if text is not None and keys:
        text = rename(text, keys)
    if text is None:
        return None
    facts = (_ARRAYS, _LINE_BREAK, _CERTAIN)
    found = text.select(_cut(separator), *numbered(facts))
    arrays, line_break, certain = answers(found, len(facts))
    if not arrays or line_break:
        return None
    if not certain:
        as_many = look(text, _AS_MANY_BOUNDARIES)[0]
        if not as_many or _pieces(text) != text["records"].sum():
            return None
    return _bare(found)


def _cut(separator: str) -> pl.Expr:
    return PAGE.str.replace_all(_BOUNDARY, f'}}{separator}{{"').cast(pl.Binary)


def _bare(cut: pl.DataFrame) -> list[memoryview]:
    """What lies in the arrays' brackets."""
    return [memoryview(page)[1:-1] for page in cut["page"]]


def _pieces(text: pl.DataFrame) -> int | None:
    """How many records lie between the cuts, or None when what lies there is no JSON."""
    pieces: list[IO[bytes]] = [io.BytesIO(page) for page in _bare(text.select(_cut("\n")))]
    try:
        return pl.read_ndjson(pieces, schema={"": pl.String}).height
    except PolarsError:
        return None


def rename(text: pl.DataFrame, keys: Mapping[str, str]) -> pl.DataFrame | None:
    """The pages with other keys; None where it is not plain what a record's own key is.

    ``"name":`` in valid JSON is a key, for what follows a string's closing quote is never a colon, and no
    string holds bare quotes. It could only be the end of a key that holds a quote itself.
    """
    nested, quote, spaced = look(text, _NESTED, _KEY_WITH_QUOTE, SPACE_BEFORE_COLON)
    if nested or quote or (spaced and look(text, SPACE_BEHIND_KEY)[0]):
        return None
    page = PAGE
    for name, header in keys.items():
        page = page.str.replace_all(f'"{name}":', exact.json_key(header).replace("$", "$$") + ":")
    return text.with_columns(page)
