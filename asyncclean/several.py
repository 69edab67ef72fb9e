"""Several main jobs in one call: they overlap, and the same call again does only what is left."""

import os
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import anyio

from asyncclean import flows
from asyncclean.errors import AsynccleanError, unwrapped
from asyncclean.events import Note
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
    """Run each plan; an error stands in the place of its summary.

    What is done is listed (`transfer.finished`) for the same call again, until the caller forgets it.
    """
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
    return [result for result in results if result is not None]


async def _clean(engine: Engine, plan: CleanPlan, finished: Finished) -> Summary:
    if not plan.resumable:
        return await flows.clean(engine, plan)
    made_of = await in_thread(_made_of, engine, plan)
    done = None if plan.fresh else await in_thread(_done_before, plan, finished, made_of)
    if done is not None:
        plan.rejecting.policy.check(done.records_rejected, done.records_in)
        engine.listener(Note(f"{plan.output} is done already."))
        return done

    async def note(summary: Summary) -> None:
        outputs = sorted(summary.outputs.values(), key=lambda path: path != plan.output)
        await in_thread(finished.add, outputs, made_of, summary.as_dict())

    return await flows.clean(engine, plan, note)


def _done_before(plan: CleanPlan, finished: Finished, made_of: dict[str, Any]) -> Summary | None:
    """What is told of a plan whose outputs, and rejects, are as an earlier call has left them."""
    facts = finished.find(plan.output, made_of)
    if facts is None:
        return None
    rejects = plan.rejecting.file
    if facts["records_rejected"] and (rejects is None or not os.path.lexists(rejects)):
        return None
    path = journal_path(plan.output)
    if path.exists():
        journal = Journal(path)
        try:
            if journal.get(f"dataset:{next(iter(plan.inputs))}") != facts["dataset"]:
                return None  # another run's
            journal.remove()  # left by a kill between the two last acts
        finally:
            journal.close()
    outputs = {key: plan.output.with_name(Path(told).name) for key, told in facts["outputs"].items()}
    return Summary.of_before(facts, outputs, rejects if facts["records_rejected"] else None)


def _made_of(engine: Engine, plan: CleanPlan) -> dict[str, Any]:
    """All that decides what is in an output. Raises InputError."""
    reading, writing = plan.reading, plan.writing
    return {
        "version": version("asyncclean"),
        "service": engine.service,
        "workflow": plan.workflow,
        "parameters": plan.parameters,
        "inputs": {key: flows.file_facts(path) for key, path in plan.inputs.items()},
        "reading": [
            str(reading.format),
            normal_encoding(reading.encoding),
            reading.types,
            reading.from_rejects,
        ],
        "writing": [str(writing.format), writing.csv_safe, writing.verify],
    }
