"""Which names are allowed. Pure."""

import re

MAX_NAME = 128
"""Longest name of a dataset or a column; the public guide gives no limit."""

MAX_JOB_NAME = 200
"""Longest name of a job, in characters: what fits into a file name of 255 bytes with a suffix."""

NAME_PATTERN = f"^[a-z][a-z0-9_]{{0,{MAX_NAME - 1}}}$"
_NAME = re.compile(rf"[a-z][a-z0-9_]{{0,{MAX_NAME - 1}}}")
_NOT_IN_JOB_NAMES = re.compile(r'[/\\:*?"<>|\x00-\x1f\x7f-\x9f]')


def name_fault(name: str) -> str | None:
    """What is wrong with a name of a dataset or column, or None."""
    if _NAME.fullmatch(name):
        return None
    if len(name) > MAX_NAME:
        return f"must be at most {MAX_NAME} characters"
    return "must begin with a-z and go on with a-z, 0-9 and _ only"


def job_name_fault(name: str) -> str | None:
    """What is wrong with a job's name, or None. Job names serve as file names."""
    if not name.strip():
        return "must not be empty"
    if len(name) > MAX_JOB_NAME:
        return f"must be at most {MAX_JOB_NAME} characters"
    if found := _NOT_IN_JOB_NAMES.search(name):
        return f"must not hold {found[0]!r}"
    if name in (".", ".."):
        return "must not be a relative path"
    return None


def output_name(job: str, key: str) -> str:
    """A valid dataset name after a job's name and an output key; not yet a unique one."""
    words = re.findall(r"[a-z0-9]+", f"{job}_{key}".lower())
    name = "_".join(words)[: MAX_NAME - 12].rstrip("_")
    return name if _NAME.fullmatch(name) else f"output_{name}".rstrip("_")
