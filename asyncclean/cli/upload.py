"""Create a dataset at the service, fill it from a file, and complete it.

What has arrived is noted in DATASET.upload.asyncclean in the current folder, until all has: killed or
interrupted, the same command goes on where it stopped.
"""

import argparse
from pathlib import Path

from asyncclean.cli.connect import client_of, reject_policy, require_url, settings_of
from asyncclean.cli.parser import add_pace, add_reading, add_run, add_sending, add_service
from asyncclean.cli.progress import progress
from asyncclean.cli.report import DONE, DONE_WITH_REJECTS, print_json, report_upload
from asyncclean.transfer.journal import SUFFIX

EXAMPLES = """\
examples:
  asyncclean upload contacts.csv --dataset contacts_2026 --url https://api.example.com
  asyncclean upload part1.csv --dataset contacts_2026 --no-complete
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("input", type=Path, metavar="INPUT", help="the file to upload")
    parser.add_argument(
        "--dataset", required=True, metavar="NAME", help="name of the dataset: a-z, 0-9 and _"
    )
    parser.add_argument("--no-complete", action="store_true", help="leave the dataset open for more blocks")
    parser.add_argument("--force", action="store_true", help="overwrite a rejects file that exists")
    add_reading(parser)
    add_sending(parser)
    add_pace(parser)
    add_service(parser)
    add_run(parser)


async def run(arguments: argparse.Namespace) -> int:
    """Upload one file."""
    settings = settings_of(arguments)
    require_url(settings, "upload")
    with progress(("upload",), quiet=arguments.quiet) as listener:
        async with client_of(arguments, settings, listener) as client:
            summary = await client.upload(
                arguments.input,
                arguments.dataset,
                complete=not arguments.no_complete,
                types=dict(arguments.types),
                format=arguments.format,
                encoding=arguments.encoding,
                rejects=arguments.rejects,
                max_rejects=reject_policy(arguments),
                journal=Path(f"{arguments.dataset}.upload{SUFFIX}"),
                force=arguments.force,
                fresh=arguments.fresh,
            )
    if arguments.json:
        print_json(summary.as_dict())
    elif not arguments.quiet:
        report_upload(summary)
    return DONE_WITH_REJECTS if summary.records_rejected else DONE
