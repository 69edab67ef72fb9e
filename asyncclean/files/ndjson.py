"""Tells the records of NDJSON apart: one a line. Knows lines; what a record is is not its business."""

from asyncclean.files.blocks import Position
from asyncclean.files.json_source import Pieces
from asyncclean.files.window import Window

BOM = b"\xef\xbb\xbf"
_SPACE = b" \t\r\n"


class Lines:
    """Takes the whole lines out of a window; blank ones are passed over.

    Only LF ends a line: U+2028 and the like may stand in a text.
    """

    def take(self, window: Window) -> Pieces:
        if window.offset == 0 and window.data.startswith(BOM):
            window.consume(len(BOM), 0)
        start = Position(window.offset, 0, window.line)
        end = window.data.rfind(b"\n") + 1
        lines = window.data[:end].split(b"\n")[:-1]
        window.consume(end, len(lines))
        if all(lines):
            return Pieces(lines, start, None)
        kept = [index for index, line in enumerate(lines) if line.strip(_SPACE)]
        return Pieces([lines[index] for index in kept], start, [start.line + index for index in kept])
