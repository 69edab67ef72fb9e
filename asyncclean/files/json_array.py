"""Tells the records of a JSON array apart, in bounded memory. Knows how an array is written.

By their looks, records part where a ``}``, the file's own separator (a comma and the white space around it)
and a ``{`` stand. That may also stand in a text, so it must be proven that every part is a record; where it
is not, the window is read by a parser, value by value. Either way a record is the bytes from its ``{`` to
its ``}``, with a tab for each line end in it.
"""

import codecs
import itertools
import json
import re
from dataclasses import dataclass

from asyncclean.errors import InputError
from asyncclean.files.badrows import ENCODING_HINT, not_text
from asyncclean.files.blocks import Position
from asyncclean.files.json_lines import JsonLines
from asyncclean.files.json_pieces import Pieces, Proof
from asyncclean.files.json_values import DECODER, said
from asyncclean.files.window import Window

_BLANK = b" \t\r\n"
_SPACE = re.compile(r"[ \t\r\n]*+")
_NEARLY = 16
"""Where a value breaks off so near to the end of a window, the rest of it may just not be there yet."""


@dataclass(frozen=True, slots=True)
class _Told:
    """Records told apart, the line of each (None: lines in turn), and the bytes and line ends before the
    next one.
    """

    data: JsonLines
    consumed: int
    breaks: int
    lines: list[int] | None
    ended: bool


class Array:
    """Takes the whole records of an array out of a window.

    Raises InputError where the file is no array; there is no telling then where its next record begins.
    """

    def __init__(self) -> None:
        self._separator: bytes | None = None
        """As found between two records by the parser; kept from one reading to the next."""
        self.begin(at_start=True)

    def begin(self, *, at_start: bool) -> None:
        """The next window is the first of a reading, from the file's start or from a record."""
        self._begun = not at_start
        self._empty = at_start
        self._ended = False

    def take(self, window: Window, proven: Proof) -> Pieces:
        if not self._begun:
            self._begin(window)
        if not self._begun or self._ended:
            return self._nothing(window)
        start = Position(window.offset, 0, window.line)
        looks = self._by_looks(window)
        if looks is not None and proven(looks.data.data):
            told, sure = looks, True
            self._empty = False
        else:
            told, sure = self._by_parser(window), False
        looks = looks or self._by_looks(window)
        regular = sure or (looks is not None and looks.data.data == told.data.data)
        window.consume(told.consumed, told.breaks)
        self._ended = told.ended
        if self._ended:
            self._nothing(window)
        return Pieces(told.data, start, told.lines, proven=sure, regular=regular)

    def _begin(self, window: Window) -> None:
        """Pass over what comes before the first record."""
        data = window.data.lstrip(_BLANK)
        if not data:
            if window.final and window.data:
                raise InputError(window.stream.path, "is empty: there are no columns.")
            return
        if not data.startswith(b"["):
            what = "is one object" if data.startswith(b"{") else "does not begin with ["
            hint = (
                "If each of its lines is an object, read it with --format ndjson."
                if data.startswith(b"{")
                else ""
            )
            raise InputError(
                window.stream.path, f"{what}: a JSON file must be an array of records.", line=1, hint=hint
            )
        behind = data[1:].lstrip(_BLANK)
        if not behind and not window.final:
            return
        count = len(window.data) - len(behind)
        window.consume(count, window.data.count(b"\n", 0, count))
        self._begun = True

    def _nothing(self, window: Window) -> Pieces:
        """Nothing may come behind the array."""
        if self._ended:
            if behind := window.data.lstrip(_BLANK):
                line = window.line + window.data[: -len(behind)].count(b"\n")
                raise InputError(
                    window.stream.path, "malformed JSON: something stands behind the array.", line=line
                )
            window.consume(len(window.data), window.data.count(b"\n"))
        return Pieces(
            JsonLines(b""), Position(window.offset, 0, window.line), None, proven=True, regular=True
        )

    def _by_looks(self, window: Window) -> _Told | None:
        """Told apart by the separator alone, or None where that cannot be."""
        if self._separator is None:
            return None
        data, parting = window.data, b"}" + self._separator + b"{"
        if window.final:
            body = data.rstrip(_BLANK)
            if not body.endswith(b"]"):
                return None
            body, consumed = body[:-1].rstrip(_BLANK), len(data)
        else:
            end = data.rfind(parting) + 1
            if end == 0:
                return None
            body, consumed = data[:end], end + len(self._separator)
        if not body:
            return None
        breaks = body.count(b"\n") if b"\n" in body else 0
        one_line = (body.replace(b"\n", b"\t") if breaks else body) + b"\n"
        records = JsonLines(one_line.replace(parting.replace(b"\n", b"\t"), b"}\n{"))
        lines: list[int] | None
        if breaks == 0:
            lines = [window.line] * len(records)
        elif self._separator.count(b"\n") == 1 and breaks == len(records) - 1 == body.count(parting):
            # Every line end is in a separator.
            lines = None
        else:
            parts = body.split(parting)
            if len(parts) != len(records):
                return None
            step = self._separator.count(b"\n")
            steps = (part.count(b"\n") + step for part in parts[:-1])
            lines = list(itertools.accumulate(steps, initial=window.line))
        behind = data.count(b"\n", len(body), consumed)
        return _Told(records, consumed, breaks + behind, lines, ended=window.final)

    def _by_parser(self, window: Window) -> _Told:
        """Told apart by reading every value. Raises InputError at the first thing that is none."""
        text = _decoded(window)
        records: list[bytes] = []
        lines: list[int] = []
        at = consumed = 0
        line = window.line
        ended = False
        while at < len(text) and not ended:
            if text[at] == "]" and self._empty and not records:
                consumed, ended = consumed + 1, True
                break
            end = _end_of_value(text, at, window)
            behind = len(text) if end is None else _skip(text, end)
            if end is None or behind == len(text):
                break
            following = _skip(text, behind + 1)
            ended = text[behind] == "]"
            if not ended and text[behind] != ",":
                raise _malformed(window, text, behind, "expecting a comma or ]")
            if following == len(text) and not ended:
                break
            record = text[at:end].encode()
            records.append(record.replace(b"\n", b"\t"))
            lines.append(line)
            line += text.count("\n", at, following)
            if self._separator is None and text[end - 1] + text[following : following + 1] == "}{":
                self._separator = text[end:following].encode()
            consumed += len(record) + following - end
            at = following
        if window.final and not ended:
            raise _malformed(window, text, len(text.rstrip()), "the array does not end")
        self._empty = self._empty and not records
        breaks = window.data.count(b"\n", 0, consumed)
        return _Told(JsonLines.of(records), consumed, breaks, lines, ended)


def _decoded(window: Window) -> str:
    """The window as text, but for a character at its end that is not whole."""
    try:
        return codecs.getincrementaldecoder("utf-8")().decode(window.data)
    except UnicodeDecodeError as error:
        line = window.line + window.data.count(b"\n", 0, error.start)
        raise InputError(window.stream.path, not_text(error), line=line, hint=ENCODING_HINT) from None


def _end_of_value(text: str, at: int, window: Window) -> int | None:
    """Where the value at ``at`` ends, or None where it goes on behind the window."""
    try:
        return DECODER.raw_decode(text, at)[1]
    except RecursionError:
        line = window.line + text.count("\n", 0, at)
        raise InputError(window.stream.path, "a value is nested too deeply.", line=line) from None
    except json.JSONDecodeError as error:
        nearly = error.pos >= len(text) - _NEARLY or error.msg.startswith("Unterminated string")
        if nearly and not window.final:
            return None
        if error.pos >= len(text.rstrip()):
            raise _malformed(window, text, at, "the file ends within this value") from None
        raise _malformed(window, text, error.pos, said(error)) from None


def _malformed(window: Window, text: str, at: int, what: str) -> InputError:
    line = window.line + text.count("\n", 0, at)
    character = at - text.rfind("\n", 0, at)
    return InputError(window.stream.path, f"malformed JSON at character {character:,}: {what}.", line=line)


def _skip(text: str, at: int) -> int:
    """Where what comes behind white space begins."""
    match = _SPACE.match(text, at)
    assert match is not None
    return match.end()
