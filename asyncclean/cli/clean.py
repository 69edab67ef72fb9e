"""Push a file through a cleansing job: upload it, have it cleansed, bring the result back in order.

Without --url an embedded server does the cleansing on this machine. Killed or interrupted, the same
command goes on where it stopped.
"""

import argparse
import glob
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from asyncclean.cli.connect import client_of, reject_policy, settings_of
from asyncclean.cli.parser import (
    add_pace,
    add_reading,
    add_run,
    add_sending,
    add_service,
    add_writing,
    pair,
    seconds,
)
from asyncclean.cli.progress import progress
from asyncclean.cli.report import DONE, DONE_WITH_REJECTS, counted, print_json, report_clean, report_dry_run
from asyncclean.cli.running import complain
from asyncclean.cli.server_data import kept, server_folder, shared_server_folder
from asyncclean.cli.streams import say
from asyncclean.client import Client
from asyncclean.errors import AsynccleanError, OutputError, UsageError
from asyncclean.files.atomic import check_place
from asyncclean.files.formats import detect, renamed
from asyncclean.plan import DEFAULT_KEY, DEFAULT_WORKFLOW, CleanPlan, Reading, Rejecting, Writing
from asyncclean.summary import Summary
from asyncclean.transfer.finished import forget

EXAMPLES = """\
examples:
  asyncclean clean contacts.csv -o cleaned.csv
  asyncclean clean contacts.csv -o cleaned.parquet --workflow ContactCleanse --param DefaultCountry=US
  asyncclean clean contacts.csv -o cleaned.csv --rejects bad.ndjson --max-rejects 1%
  asyncclean clean january.csv february.csv --out-dir cleaned/
  asyncclean clean contacts.csv -o checked.csv --workflow ContactDeceasedCheck --input Accounts=accounts.csv
  asyncclean clean bad.ndjson -o mended.csv --from-rejects
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "inputs",
        nargs="*",
        metavar="INPUT",
        help=f"the file to cleanse (input key {DEFAULT_KEY}); several, or patterns, with --out-dir",
    )
    parser.add_argument("-o", "--output", type=Path, metavar="OUTPUT", help="where the result goes")
    parser.add_argument(
        "--out-dir",
        type=Path,
        metavar="DIR",
        help="where the results of several inputs go, under their own names, with the suffix of the "
        "--output-format; --rejects names a folder then, too",
    )
    parser.add_argument(
        "--input",
        action="append",
        default=[],
        type=pair,
        metavar="KEY=FILE",
        dest="keyed",
        help="another input of the workflow; replaces INPUT when there is none",
    )
    parser.add_argument(
        "--workflow",
        default=DEFAULT_WORKFLOW,
        metavar="NAME",
        help=f"what the job does (default: {DEFAULT_WORKFLOW})",
    )
    parser.add_argument(
        "--param",
        action="append",
        default=[],
        type=pair,
        metavar="K=V",
        dest="parameters",
        help="a parameter of the workflow",
    )
    parser.add_argument("--dataset", metavar="NAME", help="name of the input dataset (default: made up)")
    parser.add_argument("--job", metavar="NAME", help="name of the job (default: made up)")
    parser.add_argument(
        "--wait-timeout",
        type=seconds,
        metavar="S",
        help="stop waiting for the job after S seconds; the job goes on, and so does the same command",
    )
    parser.add_argument(
        "--from-rejects", action="store_true", help="INPUT is a rejects file with mended records: send those"
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="read and check every record, and send nothing"
    )
    add_reading(parser)
    add_writing(parser)
    add_sending(parser)
    add_pace(parser)
    add_service(parser)
    add_run(parser)


async def run(arguments: argparse.Namespace) -> int:
    """Clean one file, or several."""
    files = _files(arguments)
    if arguments.dry_run:
        return await _dry_run(arguments, files)
    plans = _plans(arguments, files)
    settings = settings_of(arguments)
    data = None if settings.url else _server_folder(arguments)
    with kept(data, [plan.output for plan in plans]):
        if len(plans) == 1 and arguments.out_dir is None:
            return await _clean_one(arguments, settings, data, plans[0])
        return await _clean_many(arguments, settings, data, plans)


async def _clean_one(arguments: argparse.Namespace, settings: Any, data: Path | None, plan: CleanPlan) -> int:
    with progress(("upload", "job", "download"), quiet=arguments.quiet) as listener:
        async with client_of(arguments, settings, listener, data=data) as client:
            summary = await client.run(plan)
    if arguments.json:
        print_json(summary.as_dict())
    elif not arguments.quiet:
        report_clean(summary)
    return DONE_WITH_REJECTS if summary.records_rejected else DONE


async def _clean_many(
    arguments: argparse.Namespace, settings: Any, data: Path | None, plans: Sequence[CleanPlan]
) -> int:
    _make_folder(arguments.out_dir)
    if arguments.rejects is not None:
        _make_folder(arguments.rejects)
    with progress(("upload", "job", "download"), quiet=arguments.quiet) as listener:
        async with client_of(arguments, settings, listener, data=data) as client:
            results = await client.clean_many(plans, keep_list=True)
    done = [result for result in results if isinstance(result, Summary)]
    for plan, result in zip(plans, results, strict=True):
        if isinstance(result, AsynccleanError):
            say(f"{next(iter(plan.inputs.values()))}:")
            complain(result)
        elif not (arguments.json or arguments.quiet):
            report_clean(result)
    if arguments.json:
        print_json(_together(plans, results))
    failures = [result for result in results if isinstance(result, AsynccleanError)]
    if failures:
        goes_on = done and not arguments.fresh
        then = " Once that is put right, the same command does only what is left." if goes_on else ""
        say(f"{len(failures)} of {counted(len(plans), 'file')} failed.{then}")
        return max(failure.exit_status for failure in failures)
    forget(plan.output for plan in plans)  # the last act: until here, the same command finds all of it done
    return DONE_WITH_REJECTS if any(summary.records_rejected for summary in done) else DONE


def _make_folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise OutputError(
            path, "is a file; several inputs need a folder.", hint="Name another, or move the file away."
        ) from None
    except OSError as error:
        raise OutputError(path, f"{error.strerror}.", hint="Name another folder.") from None


def _together(plans: Sequence[CleanPlan], results: Sequence[Summary | AsynccleanError]) -> dict[str, Any]:
    """One summary of several runs: the sums, and each run's own."""
    runs = []
    for plan, result in zip(plans, results, strict=True):
        facts = result.as_dict() if isinstance(result, Summary) else {"error": str(result)}
        runs.append({"input": str(next(iter(plan.inputs.values()))), **facts})
    sums = ("records_in", "records_out", "records_rejected", "blocks", "pages", "retries")
    return {**{name: sum(run.get(name, 0) for run in runs) for name in sums}, "runs": runs}


async def _dry_run(arguments: argparse.Namespace, files: Sequence[Path]) -> int:
    rejected = 0
    client = Client(settings=settings_of(arguments), max_block_bytes=arguments.max_block_bytes)
    for path in [*files, *(Path(name) for _, name in arguments.keyed)]:
        found = await client.dry_run(
            path,
            types=dict(arguments.types),
            format=arguments.format,
            encoding=arguments.encoding,
            keep_rejects=arguments.rejects is not None,
            from_rejects=arguments.from_rejects,
        )
        rejected += found.records_rejected
        if arguments.json:
            print_json({"input": str(path), **found.as_dict()})
        else:
            report_dry_run(path, found)
    return DONE_WITH_REJECTS if rejected else DONE


def _files(arguments: argparse.Namespace) -> list[Path]:
    """The positional inputs, with patterns that the shell has left to us expanded."""
    files: list[Path] = []
    for text in arguments.inputs:
        if glob.has_magic(text) and not Path(text).exists():
            found = sorted(Path(name) for name in glob.iglob(text, recursive=True))  # noqa: PTH207  absolute patterns too
            if not found:
                raise UsageError(f"No file matches {text!r}.")
            files.extend(found)
        else:
            files.append(Path(text))
    if not files and not arguments.keyed:
        raise UsageError(
            "There is no input.", hint="Name a file: asyncclean clean contacts.csv -o cleaned.csv"
        )
    return files


def _plans(arguments: argparse.Namespace, files: Sequence[Path]) -> list[CleanPlan]:
    if arguments.dry_run:
        return []
    if (arguments.output is None) == (arguments.out_dir is None):
        raise UsageError("Say where the result goes: -o OUTPUT for one input, or --out-dir DIR for several.")
    keyed = {key: Path(name) for key, name in arguments.keyed}
    if len(keyed) != len(arguments.keyed):
        raise UsageError("Two of the --input options have the same key.")
    if arguments.output is not None:
        if arguments.output.is_dir():
            raise OutputError(
                arguments.output, "is a folder.", hint="Name a file in it, or say --out-dir instead of -o."
            )
        check_place(arguments.output)
        if len(files) > 1:
            raise UsageError("Several inputs need --out-dir DIR instead of -o OUTPUT.")
        first = {DEFAULT_KEY: files[0]} if files else {}
        if first and DEFAULT_KEY in keyed:
            raise UsageError(f"The input {DEFAULT_KEY} is given twice: {files[0]} and {keyed[DEFAULT_KEY]}.")
        return [_plan(arguments, {**first, **keyed}, arguments.output, arguments.rejects)]
    chosen = arguments.output_format
    names = [path.name if chosen is None else renamed(path.name, chosen) for path in files]
    if doubles := {name for name in names if names.count(name) > 1}:
        raise UsageError(f"Two results would be named {min(doubles)}, and one overwrite the other.")
    if arguments.dataset or arguments.job:
        raise UsageError("--dataset and --job name one thing; several inputs need several names.")
    rejects = arguments.rejects
    return [
        _plan(
            arguments,
            {DEFAULT_KEY: path, **keyed},
            arguments.out_dir / name,
            None if rejects is None else rejects / f"{path.name}.rejects.ndjson",
        )
        for path, name in zip(files, names, strict=True)
    ]


def _plan(
    arguments: argparse.Namespace, inputs: Mapping[str, Path], output: Path, rejects: Path | None
) -> CleanPlan:
    reading = None if arguments.format is None else detect(next(iter(inputs.values())), arguments.format)
    return CleanPlan(
        inputs=inputs,
        output=output,
        workflow=arguments.workflow,
        parameters=dict(arguments.parameters),
        reading=Reading(
            format=reading,
            encoding=arguments.encoding,
            types=dict(arguments.types),
            from_rejects=arguments.from_rejects,
        ),
        writing=Writing(
            format=detect(output, arguments.output_format, option="--output-format"),
            force=arguments.force,
            csv_safe=arguments.csv_safe,
            verify=arguments.verify,
        ),
        rejecting=Rejecting(file=rejects, policy=reject_policy(arguments)),
        dataset=arguments.dataset,
        job=arguments.job,
        wait_timeout=arguments.wait_timeout,
        fresh=arguments.fresh,
    )


def _server_folder(arguments: argparse.Namespace) -> Path:
    if arguments.out_dir is not None:
        return shared_server_folder(arguments.out_dir)
    return server_folder(arguments.output)
