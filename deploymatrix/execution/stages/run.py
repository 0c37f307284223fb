"""The stage `run`: the artifact is loaded in its target's runtime and answers the samples."""

from __future__ import annotations

from deploymatrix.execution.keys import Key
from deploymatrix.execution.outcomes import Result
from deploymatrix.execution.stages.asking import Answered, Question
from deploymatrix.execution.stages.context import Needs, StageContext
from deploymatrix.execution.stages.samples import sample_paths
from deploymatrix.host.messages import Place
from deploymatrix.project.plan import Task

REPEATS = 3  # of each sample, for its time


def place(_context: StageContext, task: Task) -> Place:
    return Place("runner", task.on.name)


def key(context: StageContext, needs: Needs) -> Key:
    task = needs.task
    return context.keys.run(task.model, task.on, needs.source, context.facts)


def question(context: StageContext, needs: Needs) -> Question:
    task, artifact = needs.task, needs.source
    args = {
        "payload": artifact.files / artifact.about["entry"],
        "signature": artifact.about["signature"],
        "samples": sample_paths(context, task.model),
        "repeat": REPEATS,
    }
    return Question(
        module=context.project.run_module(task.on),
        args=args,
        timeout_s=task.model.spec.timeouts.run,
        memory_mb=task.on.spec.resources.memory_mb,
    )


def finish(answered: Answered, _needs: Needs) -> Result:
    """Keep what it answered, and how long it took."""
    value = answered.value
    about = {name: value[name] for name in ("outputs", "extra", "missing", "checks", "versions")}
    return answered.keep("runs", about, {name: value[name] for name in ("load_s", "run_s")})
