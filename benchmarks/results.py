"""Keeps what was measured as JSON, a file a scenario, and writes tables, plots and the summary from it."""

import json
import os
import platform
import statistics
import time
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from asyncclean import native
from benchmarks.report import findings
from benchmarks.rounds import others
from benchmarks.scenarios.protocol import NAMES, load

PACKAGES = ("asyncclean", "polars", "aiohttp", "orjson", "uvloop", "httpx", "dlt")


def machine() -> dict[str, Any]:
    """What the figures were measured on and with."""
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = "not installed"
    versions["asyncclean"] += " (compiled)" if native.BUILT else " (not compiled)"
    return {
        "processors": os.cpu_count(),
        "processor": _processor(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "versions": versions,
    }


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


class Results:
    """A folder of results: ``raw/NAME.json`` for each scenario, and what is made of them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._raw = folder / "raw"

    def keep(self, name: str, result: Mapping[str, Any], *, rounds: int, quick: bool, seconds: float) -> None:
        """Keep what a scenario came to, in the place of what it came to before."""
        self._raw.mkdir(parents=True, exist_ok=True)
        kept = {
            "scenario": name,
            "measured_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "rounds": rounds,
            "quick": quick,
            "seconds": round(seconds, 1),
            "machine": machine(),
            **result,
        }
        text = json.dumps(_rounded(kept), separators=(",", ":"), ensure_ascii=False)
        (self._raw / f"{name}.json").write_text(text + "\n", encoding="utf-8")

    def note(self, notes: Sequence[str]) -> None:
        """Keep what the reader should know about the last run."""
        self._raw.mkdir(parents=True, exist_ok=True)
        (self._raw / "notes.json").write_text(json.dumps(list(notes)) + "\n", encoding="utf-8")

    def write(self) -> list[Path]:
        """Tables, plots and the summary of all that is kept; gives the paths written."""
        kept = [name for name in NAMES if (self._raw / f"{name}.json").exists()]
        written: list[Path] = []
        parts: list[str] = []
        shown = []
        for name in kept:
            result = json.loads((self._raw / f"{name}.json").read_text(encoding="utf-8"))
            scenario = load(name)
            shown += scenario.findings(result)
            plots = scenario.draw(result, self._folder) if find_spec("matplotlib") else []
            written += plots
            parts.append(_section(scenario.TITLE, name, result))
            parts += [table.markdown() for table in scenario.tables(result)]
            parts += [f"![{plot.stem}]({plot.name})\n" for plot in plots]
        if not kept:
            return []
        summary = self._folder / "summary.md"
        head = _head(json.loads((self._raw / f"{kept[0]}.json").read_text(encoding="utf-8")))
        notes = self._notes()
        summary.write_text("\n".join([head, *notes, findings(shown), *parts]), encoding="utf-8")
        return [summary, *written]

    def _notes(self) -> list[str]:
        path = self._raw / "notes.json"
        notes = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
        return [f"- {note}\n" for note in notes]


def _head(result: Mapping[str, Any]) -> str:
    about = result["machine"]
    versions = ", ".join(f"{package} {number}" for package, number in about["versions"].items())
    return (
        "# Benchmarks\n\n"
        f"Measured on {about['processors']} processors ({about['processor']}), {about['system']}, Python "
        f"{about['python']}; {versions}.\n\n"
        "Figures are medians over rounds in which all contenders took turns; a ratio is made within each "
        'round, and its median is quoted. Records/s leave out starting Python and importing, "whole '
        'command" does not. How it is measured, and what each contender is: docs/benchmarks.md.\n'
    )


def _section(title: str, name: str, result: Mapping[str, Any]) -> str:
    quick = " --quick" if result["quick"] else ""
    processors = result["machine"]["processors"]
    rounds = max(len(runs) for runs in result["runs"].values())
    busy = [others(run, processors) for runs in result["runs"].values() for run in runs]
    return (
        f"## {title}\n\n`python -m benchmarks {name} --rounds {result['rounds']}{quick}`, "
        f"{result['measured_at']}, {rounds} rounds in {result['seconds']:.0f} s; "
        f"other work on the machine took {statistics.median(busy):.0%} of the processors "
        f"(median; at most {max(busy):.0%})\n"
    )


def _rounded(value: Any) -> Any:
    """Figures to five places: what is beyond is noise, and the files are kept."""
    match value:
        case dict():
            return {key: _rounded(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_rounded(inner) for inner in value]
        case float():
            return round(value, 5)
        case _:
            return value
