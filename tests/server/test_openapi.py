"""The server keeps its contract: schemathesis makes requests of the OpenAPI document, good and bad ones."""

from importlib import resources
from typing import Any

import orjson
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import checks

DOCUMENT = orjson.loads(resources.files("asyncclean.server").joinpath("openapi.json").read_bytes())
schema = schemathesis.openapi.from_dict(DOCUMENT)

NEEDS_MORE = {
    "createDataset": "its name must be free",
    "putBlock": "its records must fit the dataset's columns",
    "completeDataset": "its count must be what was uploaded",
    "startJob": "its workflow and datasets must exist",
    "getRecords": "the dataset must be a complete output",
    "cancelJob": "the job must not have ended",
    "getToken": "there are no credentials",
}
"""Operations for which a request of the right shape may still be refused, and why."""


@schema.parametrize()
@settings(
    max_examples=25,
    derandomize=True,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
def test_every_call_keeps_the_contract(case: "schemathesis.Case[Any]", threaded_server: str) -> None:
    excluded = (
        [checks.positive_data_acceptance]
        if case.operation.definition.raw["operationId"] in NEEDS_MORE
        else []
    )
    case.call_and_validate(base_url=threaded_server, excluded_checks=excluded)
