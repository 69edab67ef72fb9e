"""Pages into NDJSON and JSON arrays, one record a line. Knows JSON text; parses only what it must.

Where the file's headers are the dataset's names, a record's bytes pass through as they came. Else its
keys are replaced, and nothing but these: numbers keep their digits, missing stays apart from null.
"""

from collections.abc import Mapping, Sequence

from asyncclean import native
from asyncclean.files import exact, quick
from asyncclean.files.columns import Columns
from asyncclean.files.layout import Layout, Text, unlike
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
        self._names = tuple(f'"{name}"'.encode() for name in self._keys)
        self._headers = tuple(exact.json_key(header).encode() for header in self._keys.values())

    def render(self, pages: Sequence[Page]) -> Text:
        compiled = [self._compiled(page) for page in pages]
        rendered = [page for page in compiled if page is not None]
        return rendered if len(rendered) == len(pages) else self._slower(pages)

    def _compiled(self, page: Page) -> bytes | None:
        """The records of a page, or None where they are not sure to be plain."""
        if native.json_records is None:
            return None
        separator = self._separator.encode()
        return native.json_records(page.json, self._names, self._headers, separator, page.records)

    def _slower(self, pages: Sequence[Page]) -> Text:
        # There are three cases: the bytes show where each record is; one of several pages is unusual (find
        # which); this is the one.
        records = quick.records(pages, self._separator, self._keys)
        if records is not None:
            return records
        if len(pages) > 1:
            return [piece for page in pages for piece in self._slower([page])]
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
