"""The stage `compare`: what a runtime answered is held against the reference. The host does it, with numpy alone."""

from __future__ import annotations

import re
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from deploymatrix.execution.model_files import Key
from deploymatrix.execution.outcomes import Done, Result
from deploymatrix.execution.sampled import samples_for, sized
from deploymatrix.execution.stages import accuracy
from deploymatrix.execution.stages.context import Needs, StageContext
from deploymatrix.execution.stages.own_samples import EXPECTED
from deploymatrix.execution.stages.samples import count
from deploymatrix.execution.stages.signature import declared_outputs
from deploymatrix.project.limits import limits_of
from deploymatrix.project.plan import Task

if TYPE_CHECKING:
    from deploymatrix.numerics.accuracy import Accuracy
    from deploymatrix.numerics.compare import Comparison
    from deploymatrix.numerics.limits import Limits

SAMPLE = re.compile(r"\bsample (\d+)")


def key(context: StageContext, needs: Needs) -> Key:
    bounds = limits(needs.task)
    found = context.keys.cell(needs.run, needs.reference, needs.source, bounds, needs.samples, needs.evaluation)
    return Key({**found.parts, **accuracy.key_parts(needs)})


def compare(context: StageContext, needs: Needs, key: Key) -> Result:
    """Compare every output of every sample with the reference and with itself; keep the outcome with its figures.

    A reference that does not give what its user expects is nobody's yardstick: then there are no figures.
    """
    from deploymatrix.numerics.compare import Answers, Comparison
    from deploymatrix.numerics.limits import Limits
    from deploymatrix.numerics.stability import judge

    started, task, bounds = time.perf_counter(), needs.task, Limits(**limits(needs.task))
    problem = unexpected(needs, bounds)
    chosen = samples_for(task.model, needs.source, needs.samples)
    answers = Answers(
        actual=needs.run.files,
        reference=needs.reference.files,
        samples=len(chosen),
        declared=declared_outputs(task.model, needs.source.about["signature"]),
        missing=tuple(needs.run.about["missing"]),
        extra=tuple(needs.run.about["extra"]),
        orders=tuple(needs.reference.about.get("orders", ())),
        chosen=chosen,
        evaluated=None if needs.evaluation is None else needs.evaluation.files,
    )
    comparison = (
        judge(answers, bounds)
        if problem is None
        else Comparison(outcome="reference_failed", detail=problem, outputs=())
    )
    worth, lost = _accuracy(comparison, needs)
    about = {
        "outcome": "mismatch" if lost else comparison.outcome,
        "detail": lost or comparison.detail + _sizes(comparison, task, needs),
        "outputs": [asdict(output) for output in comparison.outputs],
        "drift": comparison.drift,
        **({"accuracy": asdict(worth)} if worth else {}),
    }
    measured = {"wall_s": time.perf_counter() - started}
    entry = context.store.put("cells", key.digest, None, about=about, measured=measured, made_from=key.parts)
    return Done(entry=entry, cached=False)


def _accuracy(comparison: Comparison, needs: Needs) -> tuple[Accuracy | None, str | None]:
    """Return what the answers are worth, and why a cell that passes otherwise loses too much of it.

    Where answers have other names or shapes than the model's, or nobody can be judged by the reference, nothing tells.
    """
    from deploymatrix.numerics.accuracy import problem

    if comparison.outcome in ("io_mismatch", "reference_failed"):
        return None, None
    try:
        worth, lost = accuracy.measure(needs), None
    except ValueError as error:
        worth, lost = accuracy.unmeasured(needs), f"accuracy: {error}"
    lost = lost or (problem(worth) if worth is not None else None)
    return worth, lost if comparison.outcome == "passed" else None


def _sizes(comparison: Comparison, task: Task, needs: Needs) -> str:
    """Say which sizes the sample has that the detail is about; nothing for a model without dims, or a cell that passed.

    The first output that did not pass is what a detail begins with.
    """
    named = SAMPLE.search(comparison.detail)
    worst = next((output.worst for output in comparison.outputs if output.problem and output.worst), None)
    if not task.model.spec.dims or not comparison.detail or not (named or worst):
        return ""
    sample = int(named[1]) if named else worst.sample if worst else 0
    shown = sized(task.model, sample, needs.source, needs.samples)
    return f"; sample {sample} has {shown}" if shown else ""


def unexpected(needs: Needs, limits: Limits) -> str | None:
    """Return where the model does not give what its user expects of own samples; None if it does, or nothing is."""
    from deploymatrix.numerics.expected import Expectation, expected_problem

    if needs.samples is None or not needs.samples.about["expected"]:
        return None
    given = Expectation(
        expected=needs.samples.files / EXPECTED,
        reference=needs.reference.files,
        samples=count(needs),
        orders=tuple(needs.reference.about["orders"]),
    )
    return expected_problem(needs.task.model.spec.judged_outputs, given, limits)


def limits(task: Task) -> dict[str, Any]:
    """Return what bounds the errors of the task's cell, by the names of numerics' Limits."""
    return limits_of(task.model, task.on, task.variant)
