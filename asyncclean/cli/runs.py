"""List the runs in a folder (and below) that were interrupted, or forget one.

A run's journal lies beside its output as OUTPUT.asyncclean until all is done.
"""

import argparse
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from asyncclean.cli.report import DONE, print_json
from asyncclean.cli.server_data import SUFFIX as SERVER_SUFFIX
from asyncclean.cli.server_data import left_behind, server_folder, shared_server_folder, tidy
from asyncclean.cli.streams import print_line, say
from asyncclean.errors import JournalError, OutputError, UsageError
from asyncclean.files.atomic import discard, part_path
from asyncclean.transfer.finished import NAME as FINISHED
from asyncclean.transfer.journal import SUFFIX, Journal, journal_path

EXAMPLES = """\
examples:
  asyncclean runs
  asyncclean runs list /data/exports
  asyncclean runs forget cleaned.csv
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "words",
        nargs="*",
        metavar="[list] [FOLDER ...] | forget OUTPUT ...",
        help="the folders to look in (default: this one), or the outputs whose runs to forget",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON line a run on standard output")


async def run(arguments: argparse.Namespace) -> int:
    """List or forget."""
    action, *rest = arguments.words or ["list"]
    if action == "forget":
        if not rest:
            raise UsageError("Which run?", hint="Name its output: asyncclean runs forget cleaned.csv")
        for path in rest:
            _forget(Path(path))
        return DONE
    folders = rest if action == "list" else arguments.words
    found = [facts for folder in folders or ["."] for facts in _unfinished(Path(folder))]
    for facts in found:
        if arguments.json:
            print_json(facts)
        else:
            print_line(_sentence(facts).encode())
    if not found and not arguments.json:
        say("No unfinished runs here.")
    return DONE


def _unfinished(folder: Path) -> Iterator[dict[str, Any]]:
    if not folder.is_dir():
        raise UsageError(f"{folder} is not a folder.")
    for path in sorted(folder.rglob(f"*{SUFFIX}")):
        if path.is_file():
            yield _facts(path)
    for path in sorted(folder.rglob(FINISHED)):
        detail = f"Some files of a command are done; until it is given again, {path} tells which."
        yield {"output": str(path.parent), "state": "partly done", "detail": detail}
    for data in left_behind(folder):
        output = str(data).removesuffix(SERVER_SUFFIX)
        detail = f"The embedded server's data is left: `asyncclean runs forget {output}` removes it."
        yield {"output": output, "state": "over", "detail": detail}


def _facts(path: Path) -> dict[str, Any]:
    """How far the run of a journal got."""
    output = str(path)[: -len(SUFFIX)]
    try:
        journal = Journal(path)
    except (JournalError, OutputError) as error:
        return {"output": output, "state": "in use or damaged", "detail": error.message}
    try:
        facts = journal.facts()
        keys = [name.partition(":")[2] for name in facts if name.startswith("created:")]
        totals = [journal.totals(key) for key in keys]
        pages = sum(
            value.get("pages", 0) for name, value in facts.items() if name.startswith("output:") and value
        )
    finally:
        journal.close()
    began = datetime.fromtimestamp(facts.get("created", 0)).astimezone()
    state = "uploading"
    if facts.get("started"):
        state = (
            "downloading"
            if any(value and name.startswith("output:") for name, value in facts.items())
            else "waiting for its job"
        )
    return {
        "output": output,
        "state": state,
        "blocks": sum(one.blocks for one in totals),
        "records": sum(one.accepted for one in totals),
        "pages": pages,
        "job": facts.get("job"),
        "datasets": [facts.get(f"dataset:{key}") for key in keys],
        "service": (facts.get("pins:input") or facts.get("pins:output") or {}).get("service"),
        "began": began.isoformat(sep=" ", timespec="seconds"),
    }


def _sentence(facts: dict[str, Any]) -> str:
    if "detail" in facts:
        return f"{facts['output']}: {facts['state']}. {facts['detail']}"
    moved = f"{facts['records']:,} records up in {facts['blocks']:,} blocks, {facts['pages']:,} pages down"
    job = f", job {facts['job']}" if facts["job"] else ""
    whence = f"begun {facts['began']}, service {facts['service']}"
    return f"{facts['output']}: {facts['state']}{job}; {moved}; {whence}"


def _forget(path: Path) -> None:
    """Remove the journal of an output, the part of it that is there, and an embedded server's data."""
    output = Path(str(path).removesuffix(SERVER_SUFFIX).removesuffix(SUFFIX))
    data = server_folder(output)
    journal = journal_path(output)
    if journal.exists():
        Journal(journal).remove()  # fails when a run is at work on it
        discard(part_path(output))
        tidy(data)
        tidy(shared_server_folder(output.parent))
        say(f"Forgot the run for {output}. What it made at the service stays there.")
    elif data.is_dir():
        if not tidy(data):
            raise UsageError(f"{data} is needed by a run, or has more in it than a server's data.")
        say(f"Removed {data}.")
    else:
        raise UsageError(f"There is no unfinished run for {output}.", hint="`asyncclean runs` lists them.")
