"""The sink as a process beside the benchmark: starts it, asks it, ends it. Standard library only."""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.sink.behaviour import Behaviour

PROJECT = Path(__file__).resolve().parents[2]
"""Where ``-m benchmarks`` is found from."""


class SinkLost(Exception):
    """The sink has ended or hangs."""


@dataclass(frozen=True, slots=True)
class RunningSink:
    """A sink that listens at ``url``."""

    url: str

    def _call(self, method: str, path: str, document: object = None) -> dict[str, Any]:
        body = None if document is None else json.dumps(document).encode()
        request = urllib.request.Request(self.url + path, data=body, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                found: dict[str, Any] = json.load(answer)
        except OSError as error:
            raise SinkLost(f"the sink at {self.url} does not answer: {error}") from error
        return found

    def reset(self, behaviour: Behaviour | None = None) -> None:
        """Forget all that was seen; from now on behave so, if given."""
        self._call("POST", "/_reset", behaviour.as_dict() if behaviour else None)

    def behave(self, behaviour: Behaviour) -> None:
        """Behave so from now on, and forget nothing."""
        self._call("PUT", "/_behaviour", behaviour.as_dict())

    def statistics(self) -> dict[str, Any]:
        """What the sink has seen since the last reset: Meter.as_dict, and cpu, trace, datasets."""
        return self._call("GET", "/_statistics")


@contextmanager
def running_sink(behaviour: Behaviour | None = None) -> Iterator[RunningSink]:
    """A sink in a process of its own, ended on leaving, and with this process however that ends.

    In a session of its own, so that Ctrl-C reaches it through us alone. Raises RuntimeError when it does
    not start.
    """
    command = [sys.executable, "-m", "benchmarks.sink", "--until-stdin-ends"]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, stdin=pipe, stdout=pipe, text=True, cwd=PROJECT, start_new_session=True
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line:
                raise RuntimeError("the sink did not start")
            sink = RunningSink(json.loads(line)["url"])
            if behaviour:
                sink.reset(behaviour)
            yield sink
        finally:
            if (status := process.poll()) is not None:
                print(f"the sink ended by itself, with status {status}", file=sys.stderr)
            process.terminate()
