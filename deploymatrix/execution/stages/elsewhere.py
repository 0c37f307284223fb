"""What becomes of a run whose target runs on another system than this one: its artifact is made, and nothing more."""

from __future__ import annotations

import platform

from deploymatrix.execution.outcomes import Failed
from deploymatrix.execution.stages.context import StageContext
from deploymatrix.project.plan import Task
from deploymatrix.project.targets import Target

SYSTEMS = {"Darwin": "macOS"}  # where platform.system() has another word than people
RUNS: frozenset[str] = frozenset({"run", "answer"})


def exported_only(context: StageContext, task: Task) -> Failed | None:
    """Return the outcome `exported` of a run that only another system can do; None for every other task.

    A container is Linux on every machine. The outcome is not kept: the store may come to the machine that runs it.
    """
    where = _where_it_runs(context, task.on) if task.kind in RUNS else None
    if where is None:
        return None
    return Failed(outcome="exported", stage="load", detail=f"exported, not run: {where}", lasting=False)


def _where_it_runs(context: StageContext, target: Target) -> str | None:
    """Name the system or platform on which the target runs; None where it is this one, or a container emulates it."""
    here = "Linux" if context.facts.isolation == "docker" else platform.system()
    here = SYSTEMS.get(here, here)
    if target.spec.system not in (None, here):
        return target.spec.system
    wanted = context.project.runner_of(target).spec.platform
    if wanted is None or context.facts.isolation == "docker":
        return None
    return wanted if here != "Linux" or context.facts.is_foreign(target) else None
