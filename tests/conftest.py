"""What all tests share: the event loop they run on, the long mode, and where the shared data lies."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# No test depends on how fast the machine is; in CI, a change is judged by the same examples each time.
settings.register_profile(
    "asyncclean",
    deadline=None,
    derandomize=bool(os.environ.get("CI")),
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("asyncclean")

SHARED_DATA = Path(__file__).resolve().parents[1] / ".." / "shared" / "data"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="run the long mode of randomised tests")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--long"):
        return
    for item in items:
        if "long" in item.keywords:
            item.add_marker(pytest.mark.skip(reason="the long mode runs with --long"))


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data with ground truth; skips where it is absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the shared data is not beside the project")
    return SHARED_DATA.resolve()
