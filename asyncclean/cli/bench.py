"""Measure a service as it is seen from here: latency, the best concurrency, records a second.

Sends made-up contacts into a dataset of its own, which is deleted afterwards. Mind that a service may
charge for what it is sent.
"""

import argparse
from pathlib import Path

from asyncclean.bench import LEVELS, Level, Measured
from asyncclean.cli.connect import client_of, settings_of
from asyncclean.cli.parser import add_service, seconds
from asyncclean.cli.report import DONE, print_json
from asyncclean.cli.streams import say
from asyncclean.errors import MissingExtraError, OutputError, UsageError
from asyncclean.events import ignore

EXAMPLES = """\
examples:
  asyncclean bench
  asyncclean bench --url https://api.example.com --seconds 5 --plot bench.png
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--seconds", type=seconds, default=3.0, metavar="S", help="for each level (default: 3)"
    )
    parser.add_argument("--records", type=int, default=1000, metavar="N", help="a block (default: 1000)")
    parser.add_argument(
        "--levels",
        default=",".join(map(str, LEVELS)),
        metavar="N,N,...",
        help=f"requests in flight to try (default: {','.join(map(str, LEVELS))})",
    )
    parser.add_argument("--plot", type=Path, metavar="PNG", help="draw throughput and latency (extra: plot)")
    parser.add_argument("--json", action="store_true", help="print one JSON summary on standard output")
    add_service(parser)
    parser.set_defaults(concurrency="auto", rate=None)


async def run(arguments: argparse.Namespace) -> int:
    """Measure, and say what was found."""
    levels = _levels(arguments.levels)
    if not 1 <= arguments.records <= 1000:
        raise UsageError("--records must be from 1 to 1,000: the service takes no larger blocks.")
    say(f"{'in flight':>9} {'records/s':>12} {'p50':>9} {'p95':>9} {'p99':>9} {'retries':>8}")
    async with client_of(arguments, settings_of(arguments), ignore) as client:
        measured = await client.measure(
            seconds=arguments.seconds, records=arguments.records, levels=levels, on_level=_say_level
        )
    best = measured.best
    say(f"Best: {best.concurrency} in flight, {best.records_per_second:,.0f} records/s")
    if arguments.plot is not None:
        _draw(measured, arguments.plot)
    if arguments.json:
        print_json(measured.as_dict())
    return DONE


def _levels(text: str) -> list[int]:
    try:
        levels = [int(part) for part in text.split(",")]
    except ValueError:
        levels = []
    if not levels or any(not 1 <= level <= 1024 for level in levels):
        raise UsageError(f"--levels {text!r} is not a list of whole numbers from 1 to 1024.")
    return levels


def _say_level(level: Level) -> None:
    latencies = " ".join(f"{level.latency(share) * 1000:6.1f} ms" for share in (0.5, 0.95, 0.99))
    say(f"{level.concurrency:>9} {level.records_per_second:>12,.0f} {latencies} {level.retries:>8}")


def _draw(measured: Measured, path: Path) -> None:
    try:
        from matplotlib.figure import Figure  # noqa: PLC0415  an extra
    except ImportError as error:
        raise MissingExtraError("--plot", extra="plot") from error
    at = [level.concurrency for level in measured.levels]
    figure = Figure(figsize=(9, 4), layout="constrained")
    rate, latency = figure.subplots(1, 2)
    rate.plot(at, [level.records_per_second for level in measured.levels], "o-")
    rate.axvline(measured.best.concurrency, linestyle=":", color="grey")
    rate.set(title="Throughput", ylabel="records/s", ylim=(0, None))
    for share in (0.5, 0.95, 0.99):
        values = [level.latency(share) * 1000 for level in measured.levels]
        latency.plot(at, values, "o-", label=f"p{share * 100:.0f}")
    latency.set(title="Latency of a block", ylabel="ms", yscale="log")
    latency.legend()
    for axes in (rate, latency):
        axes.set_xscale("log", base=2)
        axes.set_xticks(at, [str(level) for level in at])
        axes.set_xlabel("requests in flight")
        axes.grid(alpha=0.3)
    try:
        figure.savefig(path, dpi=120)
    except (OSError, ValueError) as error:
        raise OutputError(path, str(error), hint="Give a name that ends in .png.") from error
    say(f"Plot in {path}")
