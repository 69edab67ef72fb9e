"""Runs the benchmarks side by side and writes what they show.

python -m benchmarks                        # everything, some 15 minutes
python -m benchmarks --quick                # smaller and fewer, some 4 minutes
python -m benchmarks upload latency --rounds 3
python -m benchmarks --redraw               # tables and plots again, from the figures kept
"""

import argparse
import sys
import time
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from benchmarks.bench import benching, say
from benchmarks.measure import CommandFailed
from benchmarks.results import Results
from benchmarks.scenarios.protocol import NAMES, load
from benchmarks.sink.process import PROJECT, SinkLost


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "scenarios", nargs="*", metavar="SCENARIO", help=f"of {', '.join(NAMES)}; default: all"
    )
    parser.add_argument("--rounds", type=int, help="how often each command is measured (default 5, quick 3)")
    parser.add_argument("--quick", action="store_true", help="fewer sizes and rounds")
    parser.add_argument("--redraw", action="store_true", help="measure nothing; tables and plots again")
    parser.add_argument("--results", type=Path, default=PROJECT / "benchmarks" / "results", metavar="FOLDER")
    parsed = parser.parse_args(arguments)
    if unknown := [name for name in parsed.scenarios if name not in NAMES]:
        parser.error(f"no such scenario: {', '.join(unknown)}; choose from {', '.join(NAMES)}")
    return parsed


def measure(results: Results, names: Sequence[str], *, rounds: int, quick: bool) -> bool:
    """Run the scenarios, each with a sink of its own; what one came to is kept as soon as it is known.

    Whether all succeeded.
    """
    notes: list[str] = []
    succeeded = True
    for name in names:
        scenario = load(name)
        say(f"{scenario.TITLE} ({name})")
        begun = time.monotonic()
        with benching(rounds=rounds, quick=quick) as bench:
            try:
                result = scenario.run(bench)
            except (CommandFailed, SinkLost) as error:
                succeeded = False
                bench.note(f"the scenario {name} failed: {str(error).splitlines()[0]}")
                say(str(error))
            else:
                results.keep(name, result, rounds=rounds, quick=quick, seconds=time.monotonic() - begun)
            notes += [note for note in bench.notes if note not in notes]
    results.note(notes)
    return succeeded


def main() -> int:
    arguments = parse()
    names = arguments.scenarios or NAMES
    results = Results(arguments.results)
    succeeded = True
    try:
        if not arguments.redraw:
            rounds = arguments.rounds or (3 if arguments.quick else 5)
            succeeded = measure(results, names, rounds=rounds, quick=arguments.quick)
        if find_spec("matplotlib") is None:
            say("no plots: matplotlib is not installed (the extra `plot`)")
        written = results.write()
    except KeyboardInterrupt:
        say("interrupted; finished scenarios are kept, --redraw makes their tables and plots")
        return 130
    for path in written:
        print(path)
    return 0 if succeeded else 1


if __name__ == "__main__":
    sys.exit(main())
