"""The loops that decide how fast records move, in C. Bytes in, bytes out.

Each takes only what is plain, and says None of anything else, which `files` then reads in its slower ways;
so nothing but time depends on it. Where it was not built (there was no C compiler), all of them are None.
They let go of the interpreter's lock.
"""

from collections.abc import Callable, Mapping
from typing import TypeAlias

Names: TypeAlias = tuple[bytes, ...]
CsvToJson: TypeAlias = Callable[[bytes, Names, int], tuple[bytearray, bytes, bytes | None, int, int] | None]
JsonToCsv: TypeAlias = Callable[[bytes, Names, int, int, bool], bytes | None]
JsonRecords: TypeAlias = Callable[[bytes, Names, Names, bytes, int], bytes | None]
JsonArray: TypeAlias = Callable[..., bytes]
LineEnds: TypeAlias = Callable[[bytes], bytes | None]
JsonProves: TypeAlias = Callable[[bytes, Names, bytes, bool], bool]

csv_to_json: CsvToJson | None
"""``(data, members, delimiter)``: the rows of CSV that are complete in ``data``, as JSON objects of texts.

``members`` begin what they hold: ``{"first":``, then ``,"second":`` and so on. Gives the objects, each with
a comma behind it; where each ends there with its comma, and how many line ends belong to each row beside its
own (32-bit numbers; None where there are none); how many bytes of ``data`` that took, and how many lines.
"""

json_to_csv: JsonToCsv | None
"""``(page, names, separator, records, safe)``: a JSON array of so many flat objects, as rows of CSV.

``names``: the columns' keys as JSON has them, quotes included. ``safe``: as in `files.write_csv`.
"""

json_records: JsonRecords | None
"""``(page, names, headers, separator, records)``: the objects of such an array as they stand, with
``separator`` between, and each key of ``names`` replaced by that of ``headers`` in its place. ``records`` -1:
however many there are.
"""

json_proves: JsonProves | None
"""``(lines, keys, kinds, whole)``: whether each line is a flat object with these keys in this order.

``kinds``: what the values of each key may be beside null, as a sum of `JSON_KINDS`. ``whole``: no object
lacks a key. True is a proof; False may only mean that something is written in an unusual way.
"""

JSON_KINDS: Mapping[str, int] = {"text": 1, "int": 2, "long": 4, "decimal": 8, "bool": 16}
"""The kinds of values that `json_proves` tells apart; see `files.json_shape`."""

json_array: JsonArray | None
"""``(*parts)``: one JSON array of what is in all parts, with commas between. This is never None."""

line_ends: LineEnds | None
"""``(data)``: where each line ends there, with its line end, as 32-bit numbers."""

BUILT: bool
"""Whether they are there."""

try:
    from asyncclean.native._transcode import (
        csv_to_json,
        json_array,
        json_proves,
        json_records,
        json_to_csv,
        line_ends,
    )

    BUILT = True
except ImportError:
    BUILT = False
    csv_to_json = json_to_csv = json_records = json_proves = json_array = line_ends = None
