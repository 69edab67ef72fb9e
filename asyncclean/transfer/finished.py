"""Which files of a command over several are done, so that the same command again leaves them alone.

A line of JSON for each lies beside its output until all files of a command are done. It counts only while
what the output was made of, and the output itself, are what they were: what was changed since is not ours.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from asyncclean.files.atomic import writing

NAME = "clean.asyncclean-done"


class Finished:
    """The list of one folder, as it was when this was made. Blocking."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME
        self._held: dict[str, dict[str, Any]] = {}
        try:
            lines = self._path.read_bytes().splitlines()
        except OSError:
            return
        for line in lines:
            try:
                one = orjson.loads(line)
                self._held[one["output"]] = one
            except (orjson.JSONDecodeError, TypeError, KeyError):
                continue  # torn by a kill

    def find(self, output: Path, made_of: Mapping[str, Any]) -> dict[str, Any] | None:
        """What was told of an output (`Summary.as_dict`), if it is still the one that comes of this."""
        one = self._held.get(output.name)
        if one is None or one["made_of"] != orjson.loads(orjson.dumps(made_of)):
            return None
        try:
            unchanged = one["file"] == _identity(output)
        except OSError:
            return None
        summary: dict[str, Any] = one["summary"]
        return summary if unchanged else None

    def add(self, output: Path, made_of: Mapping[str, Any], summary: Mapping[str, Any]) -> None:
        """Note an output that is in its place, durably. Raises OutputError."""
        with writing(self._path):
            one = {
                "output": output.name,
                "file": _identity(output),
                "made_of": made_of,
                "summary": summary,
            }
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
            descriptor = os.open(self._path, flags, 0o600)
            try:
                os.write(descriptor, b"\n" + orjson.dumps(one) + b"\n")
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def remove(self) -> None:
        """All are done. Raises OutputError."""
        with writing(self._path):
            self._path.unlink(missing_ok=True)


def _identity(path: Path) -> list[int]:
    stat = path.lstat()
    return [stat.st_ino, stat.st_size, stat.st_mtime_ns]
