"""The stage `compare`: what a runtime answered is held against the reference. The host does it, with numpy alone."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Any

from deploymatrix.execution.keys import Key
from deploymatrix.execution.outcomes import Done, Result
from deploymatrix.execution.stages.context import Needs, StageContext
from deploymatrix.execution.stages.signature import declared_outputs
from deploymatrix.project.limits import limits_of
from deploymatrix.project.plan import Task


def key(context: StageContext, needs: Needs) -> Key:
    return context.keys.cell(needs.run, needs.reference, needs.source, limits(needs.task))


def compare(context: StageContext, needs: Needs, key: Key) -> Result:
    """Compare every output of every sample with the reference and with itself; keep the outcome with its figures."""
    from deploymatrix.numerics.compare import Answers
    from deploymatrix.numerics.limits import Limits
    from deploymatrix.numerics.stability import judge

    started, task = time.perf_counter(), needs.task
    answers = Answers(
        actual=needs.run.files,
        reference=needs.reference.files,
        samples=task.model.spec.samples,
        declared=declared_outputs(task.model, needs.source.about["signature"]),
        missing=tuple(needs.run.about["missing"]),
        extra=tuple(needs.run.about["extra"]),
        orders=tuple(needs.reference.about.get("orders", ())),
    )
    comparison = judge(answers, Limits(**limits(task)))
    about = {
        "outcome": comparison.outcome,
        "detail": comparison.detail,
        "outputs": [asdict(output) for output in comparison.outputs],
        "drift": comparison.drift,
    }
    measured = {"wall_s": time.perf_counter() - started}
    entry = context.store.put("cells", key.digest, None, about=about, measured=measured, made_from=key.parts)
    return Done(entry=entry, cached=False)


def limits(task: Task) -> dict[str, Any]:
    """Return what bounds the errors of the task's cell, by the names of numerics' Limits."""
    return limits_of(task.model, task.on, task.variant)
