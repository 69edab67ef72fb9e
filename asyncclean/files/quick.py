"""Cuts pages into records by searching for bytes, in polars, without parsing. Knows when that is right.

What cannot be shown to be right here is read by `exact`. All of it runs without the interpreter's lock, so
that the event loop goes on meanwhile.
"""

import io
import json
from collections.abc import Mapping, Sequence

import orjson
import polars as pl
from polars.exceptions import PolarsError

from asyncclean.files.pages import Page

_BOUNDARY = r'\},[ \t]*\{"'
_SURE_BOUNDARY = r'\},[ \t]*\{"[^,}\]:\s]'
_LINE_BREAK = r"[\r\n]"
_SPACE_BEFORE_COLON = r"[ \t]:"
_KEY_WITH_SPACE = r'"[ \t]+:'
_KEY_WITH_QUOTE = r'\\"[a-z0-9_]*":'
_NESTED = r'":[ \t]*[\[{]'


def text_of(pages: Sequence[Page]) -> pl.Series | None:
    """The pages as text, one each; None where one is not UTF-8 or no array of objects in a plain style.

    Plain: on one line, and with nothing between a key and its colon. (JSON has bare line breaks only
    between its parts.)
    """
    try:
        text = pl.Series("page", [page.json.strip() for page in pages], dtype=pl.Binary).cast(pl.String)
    except PolarsError:
        return None
    arrays = (text.str.starts_with('[{"') & text.str.ends_with("}]")).all()
    # The first pattern is far quicker to search for than the one that it stands for.
    spaced = has(text, _SPACE_BEFORE_COLON) and has(text, _KEY_WITH_SPACE)
    return text if arrays and not spaced and not has(text, _LINE_BREAK) else None


def certain(text: pl.Series, pages: Sequence[Page]) -> bool:
    """Whether every ``},{"`` in these pages, taken to be valid JSON, parts two of the records they claim.

    First by counting (see `pages.count_records` for why that is right). Where it does not tell, because of
    a brace in a string, by parsing the pieces: one that was cut in a string, or in a list of objects, is no
    JSON, so if all are, and they are as many as claimed, each cut was right.
    """
    records = pl.Series([page.records for page in pages])
    braces = text.str.count_matches(r"\{")
    if ((braces == records) & (text.str.count_matches(_SURE_BOUNDARY) == records - 1)).all():
        return True
    try:
        pieces = pl.read_ndjson(join(text, "\n"), schema={"": pl.String})
    except PolarsError:
        return False
    return bool((text.str.count_matches(_BOUNDARY) == records - 1).all()) and pieces.height == records.sum()


def join(text: pl.Series, separator: str) -> io.BytesIO:
    """What lies between the cuts, with ``separator`` (which holds no ``$``) between all."""
    bare = text.str.strip_prefix("[").str.strip_suffix("]")
    cut = bare.str.replace_all(_BOUNDARY, f'}}{separator}{{"')
    buffer = io.BytesIO()
    cut.to_frame().write_csv(buffer, include_header=False, quote_style="never", line_terminator=separator)
    buffer.truncate(buffer.tell() - len(separator))
    buffer.seek(0)
    return buffer


def rename(text: pl.Series, keys: Mapping[str, str]) -> pl.Series | None:
    """Pages that are certain, with other keys; None where it is not plain what a record's own key is.

    ``"name":`` in valid JSON is a key, for what follows a string's closing quote is never a colon, and no
    string holds bare quotes. It could only be the end of a key that holds a quote itself.
    """
    if has(text, _NESTED) or has(text, _KEY_WITH_QUOTE):
        return None
    for name, header in keys.items():
        text = text.str.replace_all(f'"{name}":', json_key(header).replace("$", "$$") + ":")
    return text


def json_key(key: str) -> str:
    """A key as JSON, in which no quote but the outer ones stands bare: no other key can be found in it."""
    try:
        plain = orjson.dumps(key).decode()
    except TypeError:  # half of a surrogate pair, which only an escape can hold
        plain = json.dumps(key)
    return '"' + plain[1:-1].replace('\\"', "\\u0022") + '"'


def has(text: pl.Series, pattern: str) -> bool:
    """Whether a pattern occurs in any of the pages."""
    return bool(text.str.contains(pattern).any())
