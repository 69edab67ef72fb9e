"""Runs the real program, as a user would, and keeps what it said."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import orjson


@dataclass(frozen=True, slots=True)
class Said:
    """What a finished program left behind."""

    status: int
    out: str
    err: str

    @property
    def summary(self) -> dict[str, object]:
        """The one JSON line on standard output."""
        found: dict[str, object] = orjson.loads(self.out)
        return found


def environment(**variables: str) -> dict[str, str]:
    """This process's environment without settings of ours, but for those given."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ASYNCCLEAN_")}
    return {**kept, "PYTHONWARNINGS": "error", **variables}


def asyncclean(*arguments: str | Path, cwd: Path, **variables: str) -> Said:
    """Run ``asyncclean ARGUMENTS`` in ``cwd`` to its end."""
    done = subprocess.run(
        [sys.executable, "-m", "asyncclean", *map(str, arguments)],
        cwd=cwd,
        env=environment(**variables),
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return Said(done.returncode, done.stdout, done.stderr)
