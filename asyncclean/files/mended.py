"""Tells the records of a mended rejects file apart. Knows the shape of such a file; reads no values.

Each line is an object with a record under ``record``, as a run with rejects leaves it, mended by now.
"""

from asyncclean.files import exact
from asyncclean.files.json_lines import JsonLines
from asyncclean.files.json_pieces import Pieces, Proof
from asyncclean.files.ndjson import Lines
from asyncclean.files.window import Window


class MendedLines:
    """Takes the records out of the whole lines of a window."""

    def __init__(self) -> None:
        self._lines = Lines()

    def begin(self, *, at_start: bool) -> None:
        """All windows are alike."""

    def take(self, window: Window, proven: Proof) -> Pieces:
        pieces = self._lines.take(window, lambda lines: False)
        data = JsonLines.of([_record(line) for line in pieces.data.records()])
        return Pieces(data, pieces.start, pieces.lines, proven=proven(data.data), regular=False)


def _record(line: bytes) -> bytes:
    # Its JSON as it stands, so that numbers keep their digits. What is no object, or has no record, is
    # reported with its line by those who read records.
    try:
        [members] = exact.records(b"[" + line + b"]")
    except ValueError:
        return line
    return dict(members).get("record", "null").encode()
