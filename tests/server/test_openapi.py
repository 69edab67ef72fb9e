"""The server keeps its contract: schemathesis makes requests of the OpenAPI document, good and bad ones."""

from collections.abc import Iterator
from importlib import resources
from typing import Any

import orjson
import pytest
import requests
import schemathesis
from anyio.from_thread import start_blocking_portal
from hypothesis import HealthCheck, settings
from schemathesis import checks

from asyncclean.server.embedded import running

DOCUMENT = orjson.loads(resources.files("asyncclean.server").joinpath("openapi.json").read_bytes())
schema = schemathesis.openapi.from_dict(DOCUMENT)

LOCKED_DOCUMENT = {**DOCUMENT, "security": [{"client": ["BatchApi"]}]}
locked_schema = schemathesis.openapi.from_dict(LOCKED_DOCUMENT)

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


bounded = settings(max_examples=40, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))


def excluded_checks(case: "schemathesis.Case[Any]") -> list[Any]:
    operation = case.operation.definition.raw["operationId"]
    return [checks.positive_data_acceptance] if operation in NEEDS_MORE else []


@schema.parametrize()
@bounded
def test_every_call_keeps_the_contract(case: "schemathesis.Case[Any]", threaded_server: str) -> None:
    case.call_and_validate(timeout=60, base_url=threaded_server, excluded_checks=excluded_checks(case))


@pytest.fixture(scope="module")
def locked_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The URL of a server with credentials, and a token for it."""
    data = tmp_path_factory.mktemp("server") / "data"
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(running(data, workers=1, credentials={"me": "s3cret"})) as url,
    ):
        form = {"grant_type": "client_credentials"}
        answer = requests.post(f"{url}/connect/token", data=form, auth=("me", "s3cret"), timeout=10)
        yield url, answer.json()["access_token"]


@locked_schema.parametrize()
@settings(bounded, max_examples=8)
def test_every_call_keeps_the_contract_behind_a_token(
    case: "schemathesis.Case[Any]", locked_server: tuple[str, str]
) -> None:
    url, token = locked_server
    headers = {"Authorization": f"Bearer {token}"}
    case.call_and_validate(timeout=60, base_url=url, headers=headers, excluded_checks=excluded_checks(case))
