"""What a scenario module offers, and which there are."""

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol, cast

from benchmarks.bench import Bench
from benchmarks.report import Finding, Table

NAMES = ("upload", "download", "sizes", "job", "latency", "limits", "formats")


class Scenario(Protocol):
    """A module of this package."""

    NAME: str
    TITLE: str

    def run(self, bench: Bench) -> dict[str, Any]:
        """Measure; gives plain values that JSON can hold."""

    def tables(self, result: Mapping[str, Any]) -> list[Table]:
        """The figures."""

    def findings(self, result: Mapping[str, Any]) -> list[Finding]:
        """The figures that there is an aim for."""

    def draw(self, result: Mapping[str, Any], folder: Path) -> list[Path]:
        """Plots as PNG; gives their paths."""


def load(name: str) -> Scenario:
    """The scenario of that name, one of NAMES."""
    return cast(Scenario, importlib.import_module(f"benchmarks.scenarios.{name}"))
