"""Several main jobs in one call: they overlap, and the same call again does only what is left."""

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

import anyio

from asyncclean import flows
from asyncclean.errors import AsynccleanError, unwrapped
from asyncclean.events import Note
from asyncclean.files.fingerprint import Fingerprint
from asyncclean.files.stream import normal_encoding
from asyncclean.plan import CleanPlan, Engine
from asyncclean.run import in_thread
from asyncclean.summary import Summary
from asyncclean.transfer.finished import Finished
from asyncclean.transfer.journal import Journal, journal_path

MOST_RUNS = 4
"""Files of one call that are between the start of their upload and the end of their download at a time:
enough that uploads go on while jobs are awaited, few enough not to flood a service with jobs."""


async def clean_all(engine: Engine, plans: Sequence[CleanPlan]) -> list[Summary | AsynccleanError]:
    """Run each plan; an error stands in the place of its summary."""
    folders = {plan.output.parent for plan in plans}
    finished = {folder: await in_thread(Finished, folder) for folder in folders}
    results: list[Summary | AsynccleanError | None] = [None] * len(plans)
    turns = anyio.Semaphore(MOST_RUNS)

    async def one(index: int, plan: CleanPlan) -> None:
        async with turns:
            try:
                with unwrapped():
                    results[index] = await _clean(engine, plan, finished[plan.output.parent])
            except AsynccleanError as error:
                results[index] = error

    async with anyio.create_task_group() as tasks:
        for index, plan in enumerate(plans):
            tasks.start_soon(one, index, plan)
    if all(isinstance(result, Summary) for result in results):
        for one_list in finished.values():
            await in_thread(one_list.remove)
    return [result for result in results if result is not None]


async def _clean(engine: Engine, plan: CleanPlan, finished: Finished) -> Summary:
    if not plan.resumable:
        return await flows.clean(engine, plan)
    made_of = await in_thread(_made_of, engine, plan)
    done = None if plan.fresh else await in_thread(finished.find, plan.output, made_of)
    if done is not None:
        engine.listener(Note(f"{plan.output} is done already."))
        await in_thread(_remove_journal, plan)
        return Summary.of_before(done)

    async def note(summary: Summary) -> None:
        await in_thread(finished.add, plan.output, made_of, summary.as_dict())

    return await flows.clean(engine, plan, note)


def _remove_journal(plan: CleanPlan) -> None:
    """One is left by a kill between the two last acts of a run."""
    if (path := journal_path(plan.output)).exists():
        Journal(path).remove()


def _made_of(engine: Engine, plan: CleanPlan) -> dict[str, Any]:
    """All that decides what is in an output. Raises InputError."""
    reading, writing = plan.reading, plan.writing
    return {
        "version": version("asyncclean"),
        "service": engine.service,
        "workflow": plan.workflow,
        "parameters": plan.parameters,
        "inputs": {
            key: {"path": str(path.resolve()), **Fingerprint.of(path).as_dict()}
            for key, path in plan.inputs.items()
        },
        "reading": [
            str(reading.format),
            normal_encoding(reading.encoding),
            reading.types,
            reading.from_rejects,
        ],
        "writing": [str(writing.format), writing.csv_safe, writing.verify],
    }
