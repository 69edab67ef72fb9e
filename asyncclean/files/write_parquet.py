"""Pages into Parquet. Knows row groups and the way there; knows nothing of the service.

Parquet cannot be added to once it is finished, nor gone on with before. So pages are spooled (as Arrow
frames, zstd-compressed) in the part file, which can be cut back and gone on with, and the whole is turned
into Parquet at the end: row groups of a fixed size, the same bytes however the pages came.

Types: int is Int64, decimal is Float64, bool is Boolean. Text and date-times are String: a date-time stays
as the service wrote it, with all its digits. A value that does not fit is an error, and never a null.

What lies in the part's place, by instant: the spool; then (after a rename) the Parquet file, with the
spool under another name beside it until the part is committed, so that a run that was killed before it
could note the end still goes on from the spool.
"""

import polars as pl

from asyncclean.kinds import ColumnKind

ROW_GROUP = 20_000
"""Rows of a row group. Larger ones read a little faster, but several are held while writing: the peak of
a whole process is 114 MB at 20,000 rows of 11 columns, 160 MB at 50,000, 220 MB at 120,000."""

_SPOOL = b"asyncclean spool 1\n"
_TYPES: dict[ColumnKind, type[pl.DataType]] = {
    "text": pl.String,
    "int": pl.Int64,
    "decimal": pl.Float64,
    "bool": pl.Boolean,
    "datetime": pl.String,
}
