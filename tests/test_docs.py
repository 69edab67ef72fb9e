"""The documents agree with the program: links lead somewhere, commands and variables are there."""

import argparse
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from asyncclean.cli.parser import COMMANDS, EPILOG
from asyncclean.settings import VARIABLES

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_leads_to_a_file(document: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", document.read_text())
    missing = [link for link in links if not (document.parent / link).exists()]
    assert missing == []


def test_the_readme_names_every_command() -> None:
    text = (ROOT / "README.md").read_text()
    for command in COMMANDS:
        assert f"`asyncclean {command}" in text


def test_every_option_that_the_documents_name_is_there() -> None:
    known = {"--help", "--version"}
    for command in COMMANDS:
        parser = argparse.ArgumentParser()
        import_module(f"asyncclean.cli.{command}").add_arguments(parser)
        known.update(option for action in parser._actions for option in action.option_strings)
    for document in DOCUMENTS:
        if document.name == "benchmarks.md":  # another program's
            continue
        named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", document.read_text()))
        assert named <= known, document.name


def test_the_help_names_every_variable() -> None:
    assert all(variable in EPILOG for variable in VARIABLES.values())


def test_the_help_comes_before_anything_heavy_is_imported() -> None:
    script = """
import sys
from asyncclean.cli import main
try:
    main(["--help"])
finally:
    assert {"polars", "aiohttp"}.isdisjoint(sys.modules)
"""
    subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)
