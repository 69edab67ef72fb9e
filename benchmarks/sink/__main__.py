"""Runs the sink as a process of its own: prints its URL and serves until it is ended."""

import argparse
import asyncio
import gc
import json
import sys

from benchmarks import data
from benchmarks.sink.behaviour import FAULTS, Behaviour, parse_faults
from benchmarks.sink.http import Sink
from benchmarks.sink.service import Service


def new_loop() -> asyncio.AbstractEventLoop:
    """uvloop's where it is installed, else a selector loop, which watches sockets on every system."""
    try:
        import uvloop  # noqa: PLC0415  used when installed
    except ImportError:
        return asyncio.SelectorEventLoop()
    return uvloop.new_event_loop()


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sink", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--pages", type=int, default=16, help="how many different pages to prepare")
    parser.add_argument("--latency", type=float, default=0.0, metavar="MS", help="added to every request")
    parser.add_argument("--capacity", type=int, default=0, metavar="N", help="requests served at once")
    parser.add_argument("--service", type=float, default=0.0, metavar="MS", help="how long each is served")
    parser.add_argument("--queue", type=int, metavar="N", help="how many may wait; more are refused")
    parser.add_argument("--refusal", type=int, default=503, choices=(429, 503))
    parser.add_argument("--rate", type=float, default=0.0, metavar="R", help="requests a second let through")
    parser.add_argument("--burst", type=float, default=10.0)
    parser.add_argument("--retry-after", type=int, default=1, metavar="S")
    parser.add_argument("--fault-every", type=int, default=0, metavar="N")
    parser.add_argument("--faults", type=parse_faults, default=FAULTS, metavar=",".join(FAULTS))
    parser.add_argument("--check", action="store_true", help="look into the blocks, count and hash records")
    parser.add_argument("--until-stdin-ends", action="store_true", help="end when whoever started it does")
    return parser.parse_args()


def main() -> None:
    args = parse()
    behaviour = Behaviour(
        latency=args.latency / 1000,
        capacity=args.capacity,
        service=args.service / 1000,
        queue=args.queue,
        refusal=args.refusal,
        rate=args.rate,
        burst=args.burst,
        retry_after=args.retry_after,
        fault_every=args.fault_every,
        faults=args.faults,
        check=args.check,
    )
    loop = new_loop()
    sink = Sink(Service(data.pages(args.pages), check=args.check), behaviour, loop)
    port = sink.listen(args.host, args.port)
    if args.until_stdin_ends:
        loop.add_reader(sys.stdin, loop.stop)
    gc.freeze()
    print(json.dumps({"url": f"http://{args.host}:{port}"}), flush=True)
    try:
        loop.run_forever()
    except KeyboardInterrupt:
        pass
    finally:
        loop.close()


if __name__ == "__main__":
    main()
