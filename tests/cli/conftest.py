"""A server for the command line's tests: a process of its own, as users run it."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.program import environment


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of an open server."""
    folder = tmp_path_factory.mktemp("service")
    yield from _serve(folder)


@pytest.fixture(scope="module")
def guarded_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a server that asks for the credentials me / s&e+c/r%et."""
    folder = tmp_path_factory.mktemp("guarded")
    yield from _serve(folder, ASYNCCLEAN_CLIENT_ID="me", ASYNCCLEAN_CLIENT_SECRET="s&e+c/r%et")


def _serve(folder: Path, **variables: str) -> Iterator[str]:
    command = [sys.executable, "-m", "asyncclean", "serve", "--port", "0", "--data", str(folder / "data")]
    with subprocess.Popen(
        command, env=environment(**variables), stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        line = process.stderr.readline()
        found = re.search(r"http://\S+", line)
        assert found, line + process.stderr.read()
        try:
            yield found[0]
        finally:
            process.terminate()
            rest = process.stderr.read()
            assert process.wait(30) == 130, rest
            assert "Traceback" not in rest
