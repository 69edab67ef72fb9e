"""How asyncclean is run: the very commands that its users type. The one place that knows its options."""

import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

NAME = "asyncclean"
PHASES = ("read", "upload", "job", "download")


def _program() -> list[str]:
    """The command beside this Python, else the module."""
    beside = shutil.which("asyncclean", path=str(Path(sys.executable).parent))
    return [beside] if beside else [sys.executable, "-m", "asyncclean"]


def _concurrency(limit: int | None) -> list[str]:
    return [] if limit is None else ["--concurrency", str(limit)]


def upload(path: Path, url: str, *, concurrency: int | None = None) -> list[str]:
    """Fill a dataset from a file; concurrency None: found by itself, the default."""
    options = ["--dataset", "contacts", "--url", url, *_concurrency(concurrency), "--json"]
    return [*_program(), "upload", str(path), *options]


def download(dataset: str, out: Path, url: str) -> list[str]:
    """Bring a dataset into a file, of the format that its suffix says."""
    return [*_program(), "download", dataset, "-o", str(out), "--url", url, "--json"]


def clean(path: Path, out: Path, *, workflow: str, url: str | None = None) -> list[str]:
    """The whole job; without a URL with the embedded server."""
    options = ["--workflow", workflow, *(["--url", url] if url else []), "--json"]
    return [*_program(), "clean", str(path), "-o", str(out), *options]


def moved(told: Mapping[str, Any]) -> float:
    """Seconds of all phases, as its summary tells them; without starting up."""
    seconds: Mapping[str, float] = told.get("seconds", {})
    return sum(seconds.get(phase, 0.0) for phase in PHASES)


def phases(told: Mapping[str, Any]) -> dict[str, float]:
    """Seconds by phase."""
    return {phase: float(told.get("seconds", {}).get(phase, 0.0)) for phase in PHASES}
