"""The stage `evaluate`: the second reference of what is quantised, its artifact in exact arithmetic.

It is a run like that of a target, of the format's evaluate.py, in an environment of exporters. Its payload is the
folder `evaluated` that a step left beside the artifact; the artifact, where there is none. Where it cannot answer,
there is no second reference: that is known of the cell, and no reason to fail it.
"""

from __future__ import annotations

from typing import Any

from deploymatrix.execution.model_files import Key
from deploymatrix.execution.outcomes import Failed, Result
from deploymatrix.execution.stages import answering
from deploymatrix.execution.stages.asking import Answered, Question
from deploymatrix.execution.stages.context import Needs, StageContext
from deploymatrix.host.messages import Place
from deploymatrix.numerics.limits import ROUNDED
from deploymatrix.project.plan import Task


def place(_context: StageContext, task: Task) -> Place:
    assert task.route is not None
    return Place("environment", task.route.evaluated_in)


def key(context: StageContext, needs: Needs) -> Key:
    assert needs.task.route is not None
    return context.keys.evaluation(needs.task.model, needs.task.route, needs.source, needs.samples)


def question(context: StageContext, needs: Needs) -> Question:
    model = needs.task.model
    asked = answering.asked(context, needs)
    args = {"signature": rounding_too(asked.args["signature"]), "repeat": 0}
    beside = {} if needs.source.evaluated is None else {"payload": needs.source.evaluated}
    return Question(
        module=context.project.evaluator(needs.task.step.format),
        args={**asked.args, **args, **beside},
        timeout_s=model.spec.timeouts.export,
        memory_mb=model.spec.memory_mb,
        most_bytes=2 * asked.most_bytes,
        most_files=2 * asked.most_files,
    )


def rounding_too(signature: dict[str, Any]) -> dict[str, Any]:
    """Return the signature with each output a second time: what it comes to when the graph rounds on the way.

    An evaluator that cannot tell leaves those out, by the artifact's own names with ROUNDED behind them.
    """
    outputs = signature["outputs"]
    twins = {name + ROUNDED: {**tensor, "name": tensor["name"] + ROUNDED} for name, tensor in outputs.items()}
    return {**signature, "outputs": {**outputs, **twins}}


def finish(answered: Answered, needs: Needs) -> Result:
    """Keep what it answered, where that are tensors under declared names; else that there is no second reference."""
    declared = [output.name for output in needs.task.model.spec.outputs]
    return answering.kept(answered, needs, [*declared, *(name + ROUNDED for name in declared)])


def without(answered: Answered, failed: Failed) -> Result:
    """Keep it that there is no second reference, and why; a failure by chance stays one."""
    if not failed.lasting:
        return failed
    return answered.keep("runs", {"problem": failed.detail})
