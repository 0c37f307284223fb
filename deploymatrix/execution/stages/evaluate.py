"""The stage `evaluate`: the second reference of what is quantised, its artifact in exact arithmetic.

It is a run like that of a target, of the format's evaluate.py, in an environment of exporters. Its payload is the
folder `evaluated` that a step left beside the artifact; the artifact, where there is none.

An evaluator may declare that it has no answer for a graph: that is known of the cell, which is judged by its loss
alone. Whatever else goes wrong with it is a fault of the project's own, and no such cell passes: half of its judgement
is not there.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from deploymatrix.execution.logs import stable_text
from deploymatrix.execution.model_files import Key
from deploymatrix.execution.outcomes import Failed, Result
from deploymatrix.execution.stages import answering
from deploymatrix.execution.stages.asking import Answered, Question
from deploymatrix.execution.stages.context import Needs, StageContext
from deploymatrix.host.messages import Place
from deploymatrix.numerics.limits import ROUNDED
from deploymatrix.project.plan import Task

DECLARED = "NoSecondReference"  # the exception of an evaluator that has no answer for a graph


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
    """Keep what it answered, where that is a tensor for each declared output, and perhaps a second one."""
    declared = [output.name for output in needs.task.model.spec.outputs]
    lacking = [name for name in declared if name not in answered.value["outputs"]]
    if lacking:
        return _failed(answered, answered.refuse(f"it gives no output {', '.join(lacking)}"))
    result = answering.kept(answered, needs, [*declared, *(name + ROUNDED for name in declared)])
    return _failed(answered, result) if isinstance(result, Failed) else result


def unanswered(answered: Answered, failed: Failed) -> Result:
    """Keep why there is no second reference, where the evaluator declares that; else tell that it failed."""
    error = answered.work.reply.error or {}
    if answered.work.reply.status == "failed" and error.get("type") == DECLARED:
        return answered.keep("runs", {"alone": stable_text(answered.context.project, error["message"]) or DECLARED})
    return _failed(answered, failed)


def _failed(answered: Answered, failed: Failed) -> Failed:
    """Say that the second reference could not be made, and no runtime is at fault."""
    project, route = answered.context.project, answered.task.route
    assert route is not None
    module = project.shown(project.evaluator(answered.task.step.format))
    detail = f"{module}: {failed.detail}"
    return replace(failed, outcome="reference_failed", stage="reference", blame=route.evaluator, detail=detail)
