"""Which files of a command over several are done, so that the same command again leaves them alone.

A line of JSON for each lies beside its output until all files of a command are done. It counts only while
what the outputs were made of, and they themselves, are what they were: what was changed since is not ours.
"""

import contextlib
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson

from asyncclean.errors import printable
from asyncclean.files.atomic import PartFile, commit, part_path, sync, writing

NAME = "clean.asyncclean-done"


class Finished:
    """The list of one folder, as it was when this was made. Blocking."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME
        self._held = {name: one for name, one, _ in _entries(self._path)}

    def find(self, output: Path, made_of: Mapping[str, Any]) -> dict[str, Any] | None:
        """The summary (`Summary.as_dict`) of an output that is still the one that comes of this."""
        one = self._held.get(printable(output.name))
        if one is None or one["made_of"] != orjson.loads(orjson.dumps(made_of)):
            return None
        names, summary = [Path(name).name for name in one["summary"]["outputs"].values()], one["summary"]
        held = {name: _identity(output.with_name(name)) for name in names}
        return dict(summary) if None not in held.values() and held == one["files"] else None

    def add(self, outputs: Iterable[Path], made_of: Mapping[str, Any], summary: Mapping[str, Any]) -> None:
        """Note outputs that are in their places (the main one first), durably. Raises OutputError."""
        paths = list(outputs)
        one = {
            "output": printable(paths[0].name),
            "files": {printable(path.name): _identity(path) for path in paths},
            "made_of": made_of,
            "summary": summary,
        }
        with writing(self._path):
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
            with open(os.open(self._path, flags, 0o600), "wb") as file:  # noqa: PTH123  to append, and follow no link
                file.write(b"\n" + orjson.dumps(one) + b"\n")
                file.flush()
                os.fsync(file.fileno())
            sync(self._path.parent)


def forget(outputs: Iterable[Path]) -> None:
    """Take these outputs off the lists of their folders: all are done. Blocking. Raises OutputError."""
    by_folder: dict[Path, set[str]] = {}
    for output in outputs:
        by_folder.setdefault(output.parent, set()).add(printable(output.name))
    for folder, names in by_folder.items():
        path = folder / NAME
        others = b"".join(line + b"\n" for name, _, line in _entries(path) if name not in names)
        with writing(path):
            if others:
                file = PartFile(part_path(path), at=None)
                try:
                    file.append(others)
                finally:
                    file.close()
                commit(file.path, path)
            else:
                path.unlink(missing_ok=True)


def _entries(path: Path) -> Iterator[tuple[str, dict[str, Any], bytes]]:
    """(output, entry, its line) for each line that is whole: a kill may have torn one."""
    lines = []
    with contextlib.suppress(OSError):
        lines = path.read_bytes().splitlines()
    for line in lines:
        with contextlib.suppress(orjson.JSONDecodeError, TypeError, KeyError, AttributeError):
            one = orjson.loads(line)
            if {"files", "made_of"} <= one.keys() and one["summary"]["outputs"]:
                yield one["output"], one, line


def _identity(path: Path) -> list[int] | None:
    try:
        stat = path.lstat()
    except OSError:
        return None
    return [stat.st_ino, stat.st_size, stat.st_mtime_ns]
