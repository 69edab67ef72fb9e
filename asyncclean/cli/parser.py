"""The command line's words: which commands there are, and the options that several share. Runs nothing."""

import argparse
from collections.abc import Awaitable, Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import NoReturn

from asyncclean import native

Command = Callable[[argparse.Namespace], Awaitable[int]]
"""A command: runs on the event loop and gives its exit status."""

COMMANDS = {
    "clean": "upload, cleanse, download: the main job",
    "upload": "fill a dataset from a file",
    "download": "bring an output dataset into a file",
    "serve": "run the embedded server",
    "runs": "list unfinished runs, or forget one",
    "bench": "measure a service from here",
}
"""Each is a module beside this one, which is imported only when it is asked for."""

EPILOG = """\
exit status: 0 done, 1 failed, 2 wrong usage, 3 done with rejects, 130 interrupted

environment: ASYNCCLEAN_URL, ASYNCCLEAN_ISSUER, ASYNCCLEAN_TOKEN_URL, ASYNCCLEAN_CLIENT_ID,
  ASYNCCLEAN_CLIENT_SECRET, ASYNCCLEAN_TOKEN, ASYNCCLEAN_CA_FILE, ASYNCCLEAN_PROFILE

An interrupted or killed run goes on when the same command is run again.
"""


class _Version(argparse.Action):
    def __call__(self, *_: object) -> None:
        from importlib.metadata import version  # noqa: PLC0415  as heavy as all the rest here

        print(f"asyncclean {version('asyncclean')} ({'compiled' if native.BUILT else 'not compiled'})")
        raise SystemExit


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """As all other errors are told: the sentence, and what to do; not a dozen lines of every option."""
        self.exit(2, f"asyncclean: {message}\n  `{self.prog} --help` says more.\n")


def parse(words: Sequence[str]) -> tuple[Command, argparse.Namespace]:
    """The command asked for and its arguments; exits with status 2 when they make no sense."""
    parser = _Parser(
        prog="asyncclean",
        description="Push files of any size through a batch data-cleansing service: fast, in flat memory, "
        "exactly once and in order. Without --url an embedded server does the cleansing, offline.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="show the version and exit")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, what in COMMANDS.items():
        command = commands.add_parser(
            name, help=what, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
        )
        if words[:1] == [name]:
            module = import_module(f"asyncclean.cli.{name}")
            command.description, command.epilog = module.__doc__, module.EXAMPLES
            module.add_arguments(command)
            command.set_defaults(command=module.run)
    arguments = parser.parse_args(words)
    command_to_run: Command = arguments.command
    return command_to_run, arguments


def add_service(parser: argparse.ArgumentParser) -> None:
    """Options about the service and how to get in."""
    group = parser.add_argument_group("service")
    group.add_argument("--url", metavar="URL", help="the service [ASYNCCLEAN_URL; else the embedded server]")
    group.add_argument("--profile", metavar="NAME", help="settings from ~/.config/asyncclean/profiles.toml")
    group.add_argument("--issuer", metavar="URL", help="token issuer, for discovery [ASYNCCLEAN_ISSUER]")
    group.add_argument("--token-url", metavar="URL", help="token endpoint [ASYNCCLEAN_TOKEN_URL]")
    group.add_argument(
        "--client-id",
        metavar="ID",
        help="[ASYNCCLEAN_CLIENT_ID]; the secret comes from the "
        "environment or a profile, never from an option",
    )
    group.add_argument("--ca-file", metavar="PEM", help="certificates of a private authority")
    group.add_argument(
        "--insecure-http",
        action="store_true",
        default=None,
        help="allow credentials over plain http to another machine",
    )


def add_pace(parser: argparse.ArgumentParser) -> None:
    """Options about how fast."""
    group = parser.add_argument_group("pace")
    group.add_argument(
        "--concurrency",
        type=_concurrency,
        default="auto",
        metavar="N|auto",
        help="requests in flight (default: auto, finds the best up to 256)",
    )
    group.add_argument("--rate", type=_positive, metavar="R", help="at most R requests a second")


def add_sending(parser: argparse.ArgumentParser) -> None:
    """Options about how blocks are made."""
    group = parser.add_argument_group("blocks")
    group.add_argument(
        "--max-block-bytes",
        type=_bytes,
        default=4 << 20,
        metavar="SIZE",
        help="most bytes of a block of at most 1,000 records (default: 4M)",
    )
    group.add_argument("--compress", choices=("gzip", "zstd"), help="compress what is sent")


def add_reading(parser: argparse.ArgumentParser) -> None:
    """Options about the input."""
    group = parser.add_argument_group("input")
    group.add_argument(
        "--format",
        metavar="NAME",
        help="csv, tsv, ndjson, json or parquet, with .gz or .zst (default: by the suffixes)",
    )
    group.add_argument("--encoding", default="utf-8", metavar="NAME", help="of text files (default: utf-8)")
    group.add_argument(
        "--type",
        action="append",
        default=[],
        type=_typed,
        metavar="COL=TYPE",
        dest="types",
        help="a column's type: text (default), int, decimal, bool, datetime",
    )
    group.add_argument(
        "--rejects",
        type=Path,
        metavar="FILE",
        help="put bad records there and go on; else the first one stops the run",
    )
    group.add_argument(
        "--max-rejects",
        type=_limit,
        metavar="N|P%",
        default=(None, None),
        help="stop when there are more than so many",
    )


def add_writing(parser: argparse.ArgumentParser, name: str = "--output-format") -> None:
    """Options about the output."""
    group = parser.add_argument_group("output")
    group.add_argument(
        name,
        metavar="NAME",
        dest="output_format",
        help="csv, tsv, ndjson, json or parquet, with .gz or .zst (default: by the file's suffixes)",
    )
    group.add_argument("--force", action="store_true", help="overwrite an output that exists")
    group.add_argument(
        "--csv-safe", action="store_true", help="disarm cells that a spreadsheet would run as formulas"
    )
    group.add_argument(
        "--verify", action="store_true", help="fetch the result once more and compare it with the file"
    )


def add_run(parser: argparse.ArgumentParser) -> None:
    """Options that every run has."""
    group = parser.add_argument_group("run")
    group.add_argument("--fresh", action="store_true", help="forget an unfinished run and start over")
    group.add_argument("--json", action="store_true", help="print one JSON summary on standard output")
    group.add_argument("--quiet", action="store_true", help="print neither progress nor a summary")


def _concurrency(text: str) -> int | str:
    if text == "auto":
        return text
    if text.isdecimal() and int(text) > 0:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is neither 'auto' nor a whole number from 1 on")


def _positive(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if 0 < number < float("inf"):
        return number
    raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")


def _bytes(text: str) -> int:
    units = {"k": 1 << 10, "m": 1 << 20}
    number, unit = (text[:-1], units[text[-1].lower()]) if text[-1:].lower() in units else (text, 1)
    if number.isdecimal() and int(number) > 0:
        return int(number) * unit
    raise argparse.ArgumentTypeError(f"{text!r} is not a size such as 500000, 512K or 4M")


def _typed(text: str) -> tuple[str, str]:
    column, _, kind = text.rpartition("=")
    kinds = ("text", "int", "decimal", "bool", "datetime")
    if column and kind in kinds:
        return column, kind
    raise argparse.ArgumentTypeError(f"{text!r} is not COLUMN=TYPE with one of {', '.join(kinds)}")


def pair(text: str) -> tuple[str, str]:
    """``KEY=VALUE`` as two texts."""
    key, sign, value = text.partition("=")
    if key and sign:
        return key, value
    raise argparse.ArgumentTypeError(f"{text!r} is not KEY=VALUE")


def _limit(text: str) -> tuple[int | None, float | None]:
    """``N`` or ``P%`` as (count, percent)."""
    if text.isdecimal():
        return int(text), None
    try:
        percent = float(text.removesuffix("%")) if text.endswith("%") else -1.0
    except ValueError:
        percent = -1.0
    if 0 <= percent <= 100:
        return None, percent
    raise argparse.ArgumentTypeError(f"{text!r} is neither a whole number nor a percentage such as 2%")


def seconds(text: str) -> float:
    """A positive number of seconds."""
    return _positive(text)
