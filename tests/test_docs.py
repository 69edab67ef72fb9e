"""The documents agree with the program: links lead somewhere, commands and variables are there."""

import argparse
import re
from pathlib import Path

import pytest

from asyncclean.cli import bench, clean, download, runs, serve, upload
from asyncclean.cli.parser import EPILOG
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
    for command in (bench, clean, download, runs, serve, upload):
        assert f"`asyncclean {command.NAME}" in text


def test_every_option_that_the_documents_name_is_there() -> None:
    known = {"--help", "--version"}
    for command in (bench, clean, download, runs, serve, upload):
        parser = argparse.ArgumentParser()
        command.add_arguments(parser)
        known.update(option for action in parser._actions for option in action.option_strings)
    for document in DOCUMENTS:
        if document.name == "benchmarks.md":  # another program's
            continue
        named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", document.read_text()))
        assert named <= known, document.name


def test_the_help_names_every_variable() -> None:
    assert all(variable in EPILOG for variable in VARIABLES.values())
