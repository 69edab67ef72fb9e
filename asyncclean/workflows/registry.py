"""Finds a workflow by its name. Knows which there are and where; imports only the one asked for."""

from importlib import import_module

from asyncclean.workflows.base import BlockWorkflow, WorkflowError

_MODULES = {
    "ContactCleanse": "asyncclean.workflows.contact_cleanse",
    "PassThrough": "asyncclean.workflows.pass_through",
}


def names() -> tuple[str, ...]:
    """The known workflows' names, sorted."""
    return tuple(sorted(_MODULES))


def find(name: str) -> type[BlockWorkflow]:
    """The workflow of that name, exactly as written. Raises WorkflowError, naming the known ones."""
    if name not in _MODULES:
        close = next((known for known in _MODULES if known.lower() == name.strip().lower()), None)
        meant = f" Did you mean {close}?" if close else ""
        raise WorkflowError(f"There is no workflow {name!r}.{meant} Known: {', '.join(names())}.")
    found: type[BlockWorkflow] = getattr(import_module(_MODULES[name]), name)
    return found
