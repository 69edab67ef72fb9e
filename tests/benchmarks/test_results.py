"""What is kept, and what is written from it."""

from pathlib import Path

import pytest

from benchmarks.report import Finding, Table, count, findings, thousands
from benchmarks.results import Results
from benchmarks.rounds import Runs


def run(records: int, seconds: float) -> dict[str, object]:
    return {
        "records": records,
        "wall": seconds + 0.5,
        "moved": seconds,
        "cpu": seconds,
        "busy": 2 * seconds,
        "peak_mb": 80.0,
        "family_mb": 80.0,
        "memory": [[0.0, 10.0], [seconds, 80.0]],
        "told": {},
        "sink": {},
    }


def test_figures_are_written_as_people_read_them() -> None:
    assert [thousands(rate) for rate in (1_234_567, 50_400, 9_440)] == ["1,235", "50", "9.4"]
    assert [count(records) for records in (1_000_000, 2_500_000, 200_000)] == ["1 M", "2.5 M", "200 k"]


def test_a_table_is_markdown_with_figures_to_the_right() -> None:
    assert Table("T", ["", "n"], [["a", "1"]]).markdown() == "**T**\n\n|  | n |\n| --- | ---: |\n| a | 1 |\n"


def test_findings_say_whether_the_aim_was_met() -> None:
    table = findings([Finding.at_least("speed", 2.0, 3.0), Finding.at_most("memory", 80, 120, "{:.0f} MB")])
    assert "| speed | 2.00 | at least 3.00 | no |" in table
    assert "| memory | 80 MB | at most 120 MB | yes |" in table


def test_the_summary_and_the_plots_are_made_from_what_was_kept(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    runs: Runs = {
        "asyncclean": [run(1_000_000, 1.0), run(1_000_000, 1.0)],
        "aiohttp script": [run(1_000_000, 4.0), run(1_000_000, 6.0)],
    }
    results = Results(tmp_path)
    results.keep("upload", {"runs": runs}, rounds=2, quick=False, seconds=12.0)
    results.note(["dlt is left out: dlt is not installed."])
    written = Results(tmp_path).write()
    assert [path.name for path in written] == ["summary.md", "upload.png", "upload-memory.png"]
    assert all(path.stat().st_size > 1000 for path in written)
    summary = (tmp_path / "summary.md").read_text(encoding="utf-8")
    assert "| upload, times as fast as: aiohttp script | 5.00 x | at least 6.00 x | no |" in summary
    assert "- dlt is left out" in summary
    assert "python -m benchmarks upload --rounds 2`" in summary


def test_nothing_kept_writes_nothing(tmp_path: Path) -> None:
    assert Results(tmp_path).write() == []
