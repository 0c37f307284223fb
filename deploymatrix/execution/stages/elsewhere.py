"""What becomes of a run whose target runs on another system than this one: its artifact is made, and nothing more."""

from __future__ import annotations

import platform

from deploymatrix.execution.outcomes import Failed
from deploymatrix.execution.stages.context import StageContext
from deploymatrix.project.plan import Task

SYSTEMS = {"Darwin": "macOS"}  # where platform.system() has another word than people
RUNS: frozenset[str] = frozenset({"run", "answer"})


def exported_only(context: StageContext, task: Task) -> Failed | None:
    """Return the outcome `exported` of a run that only another system can do; None for every other task.

    A container is Linux on every machine. The outcome is not kept: the store may come to the machine that runs it.
    """
    if task.kind not in RUNS or task.on.spec.system is None:
        return None
    here = "Linux" if context.facts.isolation == "docker" else platform.system()
    if SYSTEMS.get(here, here) == task.on.spec.system:
        return None
    detail = f"exported, not run: {task.on.spec.system}"
    return Failed(outcome="exported", stage="load", detail=detail, lasting=False)
