"""The two loops that decide how fast records move, in C: CSV to JSON, and JSON to CSV. Bytes in, bytes out.

Each takes only what is plain, and says None of anything else, which `files` then reads in its slower ways; so
nothing but time depends on it. Where it was not built (no C compiler), both are None. Both let go of the
interpreter's lock.
"""

from collections.abc import Callable
from typing import TypeAlias

CsvToJson: TypeAlias = Callable[
    [bytes, tuple[bytes, ...], int], tuple[bytes, bytes, bytes | None, int, int] | None
]
JsonToCsv: TypeAlias = Callable[[bytes, tuple[bytes, ...], int, int], bytes | None]

csv_to_json: CsvToJson | None
"""``(data, members, delimiter)``: the rows of CSV that are complete in ``data``, as JSON objects of texts.

``members`` begin them: ``{"first":``, then ``,"second":`` and so on. Gives the objects, each with a comma
behind it; where each ends there with its comma, and how many line ends belong to each row beside its own
(32-bit numbers; None where there are none); how many bytes of ``data`` that took, and how many lines. None
where a row is out of the ordinary.
"""

json_to_csv: JsonToCsv | None
"""``(page, names, separator, records)``: a JSON array of so many flat objects, as rows of CSV.

``names``: the columns' keys as JSON has them, quotes included. None where it is anything else.
"""

try:
    from asyncclean.native._transcode import csv_to_json, json_to_csv
except ImportError:
    csv_to_json = json_to_csv = None
