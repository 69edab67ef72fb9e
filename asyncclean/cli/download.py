"""Bring a completed output dataset into a file, in order.

Killed or interrupted, the same command goes on where it stopped.
"""

import argparse
from pathlib import Path

from asyncclean.cli.connect import client_of, require_url, settings_of
from asyncclean.cli.parser import add_pace, add_run, add_service, add_writing
from asyncclean.cli.progress import progress
from asyncclean.cli.report import DONE, print_json, report_download

EXAMPLES = """\
examples:
  asyncclean download contacts_2026_cleaned -o cleaned.csv --url https://api.example.com
  asyncclean download contacts_2026_cleaned -o cleaned.ndjson.zst
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("dataset", metavar="DATASET", help="the output dataset")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="OUTPUT", help="where it goes")
    add_writing(parser, "--format")
    add_pace(parser)
    add_service(parser)
    add_run(parser)


async def run(arguments: argparse.Namespace) -> int:
    """Download one dataset."""
    settings = settings_of(arguments)
    require_url(settings, "download")
    with progress(("download",), quiet=arguments.quiet) as listener:
        async with client_of(arguments, settings, listener) as client:
            summary = await client.download(
                arguments.dataset,
                arguments.output,
                format=arguments.output_format,
                force=arguments.force,
                fresh=arguments.fresh,
                csv_safe=arguments.csv_safe,
                verify=arguments.verify,
            )
    if arguments.json:
        print_json(summary.as_dict())
    elif not arguments.quiet:
        report_download(summary)
    return DONE
