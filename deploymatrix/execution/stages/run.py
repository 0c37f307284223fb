"""The stage `run`: the artifact is loaded in its target's runtime and answers the samples."""

from __future__ import annotations

import re
from dataclasses import replace

from deploymatrix.execution.model_files import Key
from deploymatrix.execution.outcomes import Failed, Result
from deploymatrix.execution.sampled import sized
from deploymatrix.execution.stages import answering
from deploymatrix.execution.stages.asking import Answered, Question
from deploymatrix.execution.stages.context import Needs, StageContext
from deploymatrix.execution.stages.telling import log_tail
from deploymatrix.host.messages import Place
from deploymatrix.project.plan import Task

SAMPLE = re.compile(r"^sample (\d{1,6}): sizes ", re.MULTILINE)  # in the log, from worker/running


def place(_context: StageContext, task: Task) -> Place:
    return Place("runner", task.on.name)


def key(context: StageContext, needs: Needs) -> Key:
    task = needs.task
    return context.keys.run(task.model, task.on, needs.source, context.facts, needs.samples)


def question(context: StageContext, needs: Needs) -> Question:
    task, asked_ = needs.task, answering.asked(context, needs)
    return Question(
        module=context.project.run_module(task.on),
        args=asked_.args,
        timeout_s=task.model.spec.timeouts.run * context.project.runner_of(task.on).patience,
        memory_mb=task.on.spec.resources.memory_mb,
        most_bytes=asked_.most_bytes,
        most_files=asked_.most_files,
    )


def finish(answered: Answered, needs: Needs) -> Result:
    """Keep what it answered, and how long it took. What it sent must be answers: tensors, under declared names."""
    return answering.kept(answered, needs, [output.name for output in answered.task.model.spec.outputs])


def with_sizes(failed: Failed, needs: Needs) -> Failed:
    """Say at which sizes a run failed, as its worker told before; for a model without dims there is nothing to say."""
    told = SAMPLE.findall(log_tail(failed.log)) or ["0"]
    sizes = sized(needs.task.model, int(told[-1]), needs.source, needs.samples)
    if failed.stage != "run" or not sizes:
        return failed
    return replace(failed, detail=f"{failed.detail}; at sample {told[-1]}, which has {sizes}")
