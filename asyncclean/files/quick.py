"""Cuts pages into records by searching for bytes, in polars, without parsing. Knows when that is right.

`certain` says for which pages it is (see `pages.count_records` for why); others go to `exact`. All of it
runs without the interpreter's lock, so that the event loop goes on.
"""

import io
from collections.abc import Mapping, Sequence

import orjson
import polars as pl
from polars.exceptions import PolarsError

from asyncclean.files.pages import Page

_BOUNDARY = r'\},\{"[^,}\]:\s]'
_VALUE = r'":["tf]'
"""A value that is neither null nor a number nor a list; numbers have been put in quotes."""
_NUMBER = r'([^\\]":)(-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)'
_ALTERED = r'":\[|\\u[dD][89a-fA-F]'
"""What polars would not give as it is: lists, and escaped surrogates (half of one becomes a NUL)."""


def text_of(pages: Sequence[Page]) -> pl.Series | None:
    """The pages as text; None when some of it is not UTF-8."""
    try:
        return pl.Series("page", [page.json for page in pages], dtype=pl.Binary).cast(pl.String)
    except PolarsError:
        return None


def certain(text: pl.Series, pages: Sequence[Page]) -> bool:
    """Whether every ``},{`` in these pages, taken to be valid JSON, parts two of the records they claim."""
    records = pl.Series([page.records for page in pages])
    return bool(
        (
            text.str.starts_with('[{"')
            & text.str.ends_with("}]")
            & (text.str.count_matches(r"\{") == records)
            & (text.str.count_matches(_BOUNDARY) == records - 1)
        ).all()
    )


def join(text: pl.Series, separator: str) -> io.BytesIO:
    """The records of pages that are certain, with ``separator`` (which holds no ``$``) between all."""
    bare = text.str.strip_prefix("[").str.strip_suffix("]")
    cut = bare.str.replace_all(r'\},\{"', f'}}{separator}{{"')
    buffer = io.BytesIO()
    cut.to_frame().write_csv(buffer, include_header=False, quote_style="never", line_terminator=separator)
    buffer.truncate(buffer.tell() - len(separator))
    buffer.seek(0)
    return buffer


def rename(text: pl.Series, keys: Mapping[str, str]) -> pl.Series:
    """Pages that are certain, with other keys. Keys whose names hold a backslash or a quote stay.

    ``,"name":`` and ``{"name":`` in valid JSON are always a key and what is before it: a string cannot
    hold the bare quotes, nor can one end or begin there.
    """
    names = list(keys)
    headers = [orjson.dumps(header).decode() for header in keys.values()]
    before = [f'{opening}"{name}":' for name in names for opening in "{,"]
    after = [f"{opening}{header}:" for header in headers for opening in "{,"]
    return text.str.replace_many(before, after)


def cells(pages: Sequence[Page], schema: Mapping[str, type[pl.String]]) -> pl.DataFrame | None:
    """The records as columns of text, or None when this way cannot be sure that nothing is lost.

    polars alone would drop keys that are not in the schema, round numbers and rewrite lists. So numbers
    are put in quotes first, and then the values in the frame must be as many as those in the pages.
    In valid JSON ``":`` ends a key, save in a string that holds ``\\":``, which makes the count too high.
    """
    text = text_of(pages)
    if text is None or not certain(text, pages) or _has(text, _ALTERED):
        return None
    if _has(text, _NUMBER):
        text = text.str.replace_all(_NUMBER, '$1"$2"')
    try:
        frame = pl.read_ndjson(join(text, "\n"), schema=schema)
    except PolarsError:
        return None
    values = text.str.count_matches(_VALUE).sum()
    held = frame.height * frame.width - sum(frame.null_count().row(0))
    return frame if values == held and frame.height == sum(page.records for page in pages) else None


def _has(text: pl.Series, pattern: str) -> bool:
    return bool(text.str.contains(pattern).any())
