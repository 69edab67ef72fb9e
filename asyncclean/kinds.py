"""What a column can hold. Knows the words; what they are on the wire or in a file is known there."""

from typing import Literal, get_args

ColumnKind = Literal["text", "int", "decimal", "bool", "datetime"]

ALL_KINDS: frozenset[ColumnKind] = frozenset(get_args(ColumnKind))
