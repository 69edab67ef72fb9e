"""Where `clean` keeps an embedded server's data, and for how long. Knows files' names; knows no server.

It is needed as long as there is an unfinished run, thus a journal, that goes on from it. A run that is killed
in its very last act, after its journal went, leaves it behind: the next one takes it away.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from asyncclean import local
from asyncclean.transfer.journal import SUFFIX as JOURNAL_SUFFIX
from asyncclean.transfer.journal import journal_path

SUFFIX = ".asyncclean-server"

_SHARED = "clean"


def server_folder(output: Path) -> Path:
    """Beside the output, so that the run can go on after a kill."""
    return output.with_name(output.name + SUFFIX)


def shared_server_folder(out_dir: Path) -> Path:
    """The one of all runs with ``--out-dir``."""
    return server_folder(out_dir / _SHARED)


def is_needed(data: Path) -> bool:
    """Whether there is an unfinished run that it belongs to."""
    output = data.with_name(data.name.removesuffix(SUFFIX))
    if output.name == _SHARED:
        return any(data.parent.glob(f"*{JOURNAL_SUFFIX}"))
    return journal_path(output).exists()


def tidy(data: Path) -> bool:
    """Remove it unless it is needed or in use; gives whether it is gone."""
    return not is_needed(data) and local.discard(data)


@contextmanager
def kept(data: Path | None, outputs: Sequence[Path] = ()) -> Iterator[None]:
    """Have it exactly as long as it is needed. None: there is no embedded server.

    An earlier run of one of the ``outputs`` may have had another; that goes, too.
    """
    if data is None:
        yield
        return
    tidy(data)
    try:
        yield
    finally:
        tidy(data)
        for output in outputs:
            tidy(server_folder(output))


def left_behind(folder: Path) -> Iterator[Path]:
    """Those in a folder, and below, that are neither needed nor in use."""
    for data in sorted(folder.rglob(f"*{SUFFIX}")):
        if data.is_dir() and not is_needed(data) and not local.is_in_use(data):
            yield data
