"""Runs one command as a process of its own and measures it. Knows nothing of what the command does.

What is measured is the process itself (wait4, /proc), from outside, so that all are measured alike.
"""

import contextlib
import json
import os
import resource
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

SAMPLE_S = 0.025
"""Seconds between two looks at the memory; costs well under 1 % of a processor."""

KILOBYTE = 1024 if sys.platform != "darwin" else 1
"""The unit of ru_maxrss: kilobytes, but bytes on macOS."""


class CommandFailed(Exception):
    """A measured command did not succeed."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One run of one command.

    Attributes:
        wall: seconds from starting the process to its end, starting Python and imports included.
        cpu: seconds of processor time of it and its children, user and system.
        peak_mb: the most memory resident at once in any one process of it, megabytes of 10^6 bytes.
        busy: seconds of processor time of all there is on the machine meanwhile, it included.
        family_mb: the most seen resident at once in it and its children.
        memory: (seconds, resident megabytes of it and its children) over time; empty where there is no /proc.
        told: the JSON that it printed last.
        sink: what the sink saw, if one was asked.
    """

    wall: float
    cpu: float
    busy: float
    peak_mb: float
    family_mb: float
    memory: list[tuple[float, float]]
    told: dict[str, Any]
    sink: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def _status(pid: int) -> tuple[float, float]:
    """Resident now and at most so far, in megabytes; zeros when it cannot be read (any more)."""
    now = most = 0.0
    try:
        with Path(f"/proc/{pid}/status").open(encoding="ascii", errors="replace") as lines:
            for line in lines:
                if line.startswith("VmHWM:"):
                    most = int(line.split()[1]) * 1.024e-3
                elif line.startswith("VmRSS:"):
                    now = int(line.split()[1]) * 1.024e-3
                    break
    except (OSError, ProcessLookupError):
        pass
    return now, most


def _machine_busy() -> float:
    """Seconds that the machine's processors have worked since it was started; 0 where that is not told."""
    try:
        user, nice, system, _, _, *interrupts = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:8]
    except (OSError, ValueError):
        return 0.0
    return sum(map(int, (user, nice, system, *interrupts))) / os.sysconf("SC_CLK_TCK")


def _children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except (OSError, ProcessLookupError):
        return []


def _family(pid: int) -> float:
    """Resident megabytes of all descendants; pages that they share count for each."""
    return sum(_status(child)[0] + _family(child) for child in _children(pid))


class _Ending:
    """Waits for the end of a process, or for the next time to look at it."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._fd = os.pidfd_open(pid) if sys.platform == "linux" else None

    def within(self, seconds: float) -> bool:
        """Whether the process has ended, at the latest after ``seconds``. It is not reaped."""
        if self._fd is not None:
            return bool(select.select([self._fd], [], [], seconds)[0])
        time.sleep(min(seconds, 0.005))
        return os.waitid(os.P_PID, self._pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def close(self) -> None:
        if self._fd is not None:
            os.close(self._fd)


def _last_json(text: str) -> dict[str, Any]:
    """The last line, or all of it, as an object; an empty one when it is none."""
    for candidate in (text, text.strip().rpartition("\n")[2]):
        with contextlib.suppress(ValueError):
            found = json.loads(candidate)
            if isinstance(found, dict):
                return found
    return {}


def measure(
    command: Sequence[str], *, cwd: Path, env: Mapping[str, str] | None = None, timeout: float = 600.0
) -> Measured:
    """Run the command to its end; ``timeout`` in seconds.

    Raises CommandFailed, with the end of what it said, when it fails or takes too long. Whatever happens
    (Ctrl-C included), nothing of it is left running.
    """
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as errors:
        busy = _machine_busy()
        begun = time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=errors,
            start_new_session=True,
        )
        ending = _Ending(process.pid)
        memory: list[tuple[float, float]] = []
        peak = 0.0
        try:
            while not ending.within(SAMPLE_S):
                at = time.perf_counter() - begun
                now, most = _status(process.pid)
                peak = max(peak, most)
                if now:
                    memory.append((round(at, 3), round(now + _family(process.pid), 2)))
                if at > timeout:
                    raise CommandFailed(f"{' '.join(command)}: still running after {timeout:g} s")
            wall = time.perf_counter() - begun
            busy = _machine_busy() - busy
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        finally:
            ending.close()
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            if process.returncode is None:
                process.wait()
        out.seek(0)
        errors.seek(0)
        if process.returncode != 0:
            said = (errors.read() or out.read())[-2000:]
            raise CommandFailed(f"{' '.join(command)}: exit status {process.returncode}\n{said}")
        return Measured(
            wall=wall,
            cpu=usage.ru_utime + usage.ru_stime,
            busy=busy,
            peak_mb=_peak(peak, usage.ru_maxrss),
            family_mb=max((megabytes for _, megabytes in memory), default=0.0),
            memory=memory,
            told=_last_json(out.read()),
        )


def _peak(seen: float, reported: int) -> float:
    """The peak in megabytes.

    A process inherits in ru_maxrss what its parent held when it was started, so that a figure of our own
    size says nothing; the last look at VmHWM is at most one sample old.
    """
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return max(seen, reported * KILOBYTE * 1e-6) if reported > own or not seen else seen
