"""Tells the records of NDJSON apart: one a line. Knows lines; what a record is is not its business."""

from asyncclean.files.blocks import Position
from asyncclean.files.json_lines import JsonLines
from asyncclean.files.json_pieces import Pieces, Proof
from asyncclean.files.window import Window


class Lines:
    """Takes the whole lines out of a window; blank ones are passed over.

    Only LF ends a line: U+2028 and the like may stand in a text.
    """

    def begin(self, *, at_start: bool) -> None:
        """All windows are alike."""

    def take(self, window: Window, proven: Proof) -> Pieces:
        start = Position(window.offset, 0, window.line)
        end = window.data.rfind(b"\n") + 1
        text = window.data[:end]
        data = JsonLines(text.replace(b"\r\n", b"\n") if b"\r" in text else text)
        window.consume(end, len(data))
        if proven(data.data):
            return Pieces(data, start, None, proven=True, regular=True)
        records = data.records()
        kept = [index for index, record in enumerate(records) if record.strip(b" \t\r")]
        if len(kept) == len(records):
            return Pieces(data, start, None, proven=False, regular=True)
        data = JsonLines.of([records[index] for index in kept])
        lines = [start.line + index for index in kept]
        return Pieces(data, start, lines, proven=False, regular=False)
