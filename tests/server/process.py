"""The server as a process to be killed: ``python -m tests.server.process DATA`` prints its URL."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import anyio

from asyncclean.server.embedded import running
from asyncclean.workflows import registry

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Server:
    """A running server process."""

    process: "subprocess.Popen[str]"
    url: str

    def kill(self) -> None:
        """Without warning, as a power cut would."""
        self.process.kill()
        self.process.wait()

    def interrupt(self) -> str:
        """Ctrl-C, to the whole group as a terminal does it; gives what it said on standard error."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.communicate()[1]

    def children(self) -> set[int]:
        """The process ids of its workers."""
        pids = (int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit())
        return {pid for pid in pids if _parent(pid) == self.process.pid}


def _parent(pid: int) -> int | None:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, ValueError):
        return None


def is_alive(pid: int) -> bool:
    """Whether there is such a process, and it is not a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_for_the_end_of(pids: set[int]) -> None:
    """Until there is none of these processes left."""
    while any(is_alive(pid) for pid in pids):
        time.sleep(0.05)


@contextmanager
def serving(data: Path) -> Iterator[Server]:
    """The server over ``data``; killed at the end if it is still there."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.server.process", str(data)],
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert url, process.communicate()[1]
        yield Server(process, url)
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        process.communicate()


async def _serve(data: Path) -> None:
    async with running(data, workers=2) as url:
        print(url, flush=True)
        await anyio.sleep_forever()


if __name__ == "__main__":
    for name in ("Upper", "Stuck"):
        registry._MODULES[name] = "tests.server.workflows"
    with suppress(KeyboardInterrupt):
        anyio.run(_serve, Path(sys.argv[1]))
