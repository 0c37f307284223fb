"""The stage `evaluate`: the second reference of what is quantised, its artifact in exact arithmetic.

It is a run like that of a target, of the format's evaluate.py, in an environment of exporters. Its payload is the
folder `evaluated` that a step left beside the artifact; the artifact, where there is none. Where it cannot answer,
there is no second reference: that is known of the cell, and no reason to fail it.
"""

from __future__ import annotations

from deploymatrix.execution.model_files import Key
from deploymatrix.execution.outcomes import Failed, Result
from deploymatrix.execution.stages import run
from deploymatrix.execution.stages.asking import Answered, Question
from deploymatrix.execution.stages.context import Needs, StageContext
from deploymatrix.host.messages import Place
from deploymatrix.project.plan import Task


def place(_context: StageContext, task: Task) -> Place:
    assert task.route is not None
    return Place("environment", task.route.evaluated_in)


def key(context: StageContext, needs: Needs) -> Key:
    assert needs.task.route is not None
    return context.keys.evaluation(needs.task.model, needs.task.route, needs.source, needs.samples)


def question(context: StageContext, needs: Needs) -> Question:
    model = needs.task.model
    asked = run.asked(context, needs)
    payload = needs.source.evaluated or asked.args["payload"]
    return Question(
        module=context.project.evaluator(needs.task.step.format),
        args={**asked.args, "payload": payload, "repeat": 1},
        timeout_s=model.spec.timeouts.export,
        memory_mb=model.spec.memory_mb,
        most_bytes=asked.most_bytes,
        most_files=asked.most_files,
    )


def without(answered: Answered, failed: Failed) -> Result:
    """Keep it that there is no second reference, and why; a failure by chance stays one."""
    if not failed.lasting:
        return failed
    return answered.keep("runs", {"problem": failed.detail})
