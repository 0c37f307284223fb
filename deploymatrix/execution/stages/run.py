"""The stage `run`: the artifact is loaded in its target's runtime and answers the samples."""

from __future__ import annotations

import math
from typing import Any

from deploymatrix.execution.model_files import Key
from deploymatrix.execution.outcomes import Result
from deploymatrix.execution.stages.asking import Answered, Question
from deploymatrix.execution.stages.context import Needs, StageContext
from deploymatrix.execution.stages.samples import count, sample_paths
from deploymatrix.execution.stages.signature import declared_outputs
from deploymatrix.host.messages import Place
from deploymatrix.project.plan import Task
from deploymatrix.project.project import Model

REPEATS = 3  # of each sample, for its time
ANSWERS = REPEATS + 4  # and those of further sessions: by load, order, threads, and the last two together
WIDEST = 16  # bytes of a value, so that an answer of a wrong dtype is still one
SPARE = 1 << 20  # bytes: for headers, and so that an answer of a wrong shape, if it is small, is still one


def place(_context: StageContext, task: Task) -> Place:
    return Place("runner", task.on.name)


def key(context: StageContext, needs: Needs) -> Key:
    task = needs.task
    return context.keys.run(task.model, task.on, needs.source, context.facts, needs.samples)


def question(context: StageContext, needs: Needs) -> Question:
    task, artifact, samples = needs.task, needs.source, count(needs.task.model.spec, needs)
    args = {
        "payload": artifact.files / artifact.about["entry"],
        "signature": artifact.about["signature"],
        "samples": sample_paths(context, needs),
        "repeat": REPEATS,
    }
    return Question(
        module=context.project.run_module(task.on),
        args=args,
        timeout_s=task.model.spec.timeouts.run,
        memory_mb=task.on.spec.resources.memory_mb,
        most_bytes=_most_bytes(task.model, artifact.about["signature"], samples),
        most_files=ANSWERS * samples * len(task.model.spec.outputs),
    )


def finish(answered: Answered, needs: Needs) -> Result:
    """Keep what it answered, and how long it took. What it sent must be answers: tensors, under declared names."""
    from deploymatrix.numerics.answers_sent import sent_problem

    value, model = answered.value, answered.task.model
    declared = [output.name for output in model.spec.outputs]
    problem = sent_problem(answered.work.out, declared, count(model.spec, needs), value["outputs"])
    if problem:
        return answered.refuse(problem)
    about = {name: value[name] for name in ("outputs", "extra", "missing", "checks", "versions")}
    return answered.keep("runs", about, {name: value[name] for name in ("load_s", "run_s")})


def _most_bytes(model: Model, signature: dict[str, Any], samples: int) -> int:
    """Return the bytes that all answers to all samples may have together, as far as the model declares them."""
    values = sum(math.prod(output.shape) for output in declared_outputs(model, signature))
    return ANSWERS * samples * (values * WIDEST + SPARE)
