"""Pages into NDJSON and JSON arrays, one record a line. Knows JSON text; parses only what it must.

Where the file's headers are the dataset's names, a record's bytes pass through as they came. Else its
keys are replaced, and nothing but these: numbers keep their digits, missing stays apart from null.
"""

from collections.abc import Mapping, Sequence

from asyncclean.files import exact, quick
from asyncclean.files.columns import Columns
from asyncclean.files.layout import Layout, unlike
from asyncclean.files.pages import Page

STEP = 4
"""Pages cut at a time."""


def ndjson_layout(columns: Columns) -> Layout:
    """Lines, each ended by ``\\n``."""
    records = _Records(columns, "\n")
    return Layout(records.render, STEP, 1, between=b"\n", tail=b"\n")


def json_layout(columns: Columns) -> Layout:
    """An array with one record a line."""
    records = _Records(columns, ",\n")
    return Layout(records.render, STEP, 1, head=b"[\n", between=b",\n", tail=b"\n]\n", empty=b"[]\n")


class _Records:
    def __init__(self, columns: Columns, separator: str) -> None:
        self._separator = separator
        self._keys = {column.name: column.header for column in columns if column.name != column.header}

    def render(self, pages: Sequence[Page]) -> Sequence[bytes | memoryview]:
        # There are three cases: the bytes show where each record is; one of several pages is unusual (find
        # which); this is the one.
        records = quick.records(pages, self._separator, self._keys)
        if records is not None:
            return records
        if len(pages) > 1:
            return [piece for page in pages for piece in self.render([page])]
        return [self._separator.encode().join(_exact_lines(pages[0], self._keys))]


def _exact_lines(page: Page, keys: Mapping[str, str]) -> list[bytes]:
    """Each record of a page as one line of JSON, its keys replaced. Raises VerificationError."""
    try:
        lines = [exact.line(members, keys).encode() for members in exact.records(page.json)]
    except ValueError as error:
        raise unlike(page, str(error)) from error
    if len(lines) != page.records:
        raise unlike(page, f"{len(lines):,}")
    return lines
