"""PassThrough gives back what it was given."""

from collections import Counter

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from asyncclean.workflows.base import Columns, WorkflowError
from asyncclean.workflows.pass_through import PassThrough


def test_records_and_columns_come_back_as_they_were() -> None:
    columns: Columns = {"id": "int", "name": "text", "born": "datetime"}
    frame = pl.DataFrame(
        {"id": [2, None, 1], "name": [" a ", "", None], "born": ["1970-01-01T00:00:00Z", None, ""]}
    )
    workflow = PassThrough(columns, {})

    cleansed, statistics = workflow.cleanse(frame)

    assert PassThrough.identity
    assert list(workflow.output_columns.items()) == list(columns.items())
    assert_frame_equal(cleansed, frame)
    assert statistics == Counter(records=3)


def test_a_parameter_is_refused_by_name() -> None:
    with pytest.raises(WorkflowError, match="PassThrough takes no parameters; given: DefaultCountry"):
        PassThrough({"id": "text"}, {"DefaultCountry": "GB"})
