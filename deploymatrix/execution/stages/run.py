"""The stage `run`: the artifact is loaded in its target's runtime and answers the samples."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from typing import Any

from deploymatrix.execution.model_files import Key
from deploymatrix.execution.outcomes import Failed, Result
from deploymatrix.execution.sampled import bindings_for, samples_for, sized
from deploymatrix.execution.stages.asking import Answered, Question
from deploymatrix.execution.stages.context import Needs, StageContext
from deploymatrix.execution.stages.samples import paths_for
from deploymatrix.execution.stages.telling import log_tail
from deploymatrix.execution.wire import wire_state
from deploymatrix.host.messages import Place
from deploymatrix.numerics.shapes import bound
from deploymatrix.project.plan import Task
from deploymatrix.project.project import Model
from deploymatrix.store.entries import Entry

REPEATS = 3  # of each sample, for its time
ANSWERS = REPEATS + 4  # and those of further sessions: by load, order, threads, and the last two together
WIDEST = 16  # bytes of a value, so that an answer of a wrong dtype is still one
SAMPLE = re.compile(r"^sample (\d{1,6}): sizes ", re.MULTILINE)  # in the log, from worker/running
SPARE = 1 << 20  # bytes: for headers, and so that an answer of a wrong shape, if it is small, is still one


def place(_context: StageContext, task: Task) -> Place:
    return Place("runner", task.on.name)


def key(context: StageContext, needs: Needs) -> Key:
    task = needs.task
    return context.keys.run(task.model, task.on, needs.source, context.facts, needs.samples)


@dataclass(frozen=True)
class Asked:
    """What any module is asked that answers for an artifact, and the most that it may leave."""

    args: dict[str, Any]
    most_bytes: int
    most_files: int


def question(context: StageContext, needs: Needs) -> Question:
    task, asked_ = needs.task, asked(context, needs)
    return Question(
        module=context.project.run_module(task.on),
        args=asked_.args,
        timeout_s=task.model.spec.timeouts.run,
        memory_mb=task.on.spec.resources.memory_mb,
        most_bytes=asked_.most_bytes,
        most_files=asked_.most_files,
    )


def asked(context: StageContext, needs: Needs) -> Asked:
    task, artifact = needs.task, needs.source
    samples = samples_for(task.model, artifact, needs.samples)
    args = {
        "payload": artifact.files / artifact.about["entry"],
        "signature": artifact.about["signature"],
        "samples": paths_for(context, needs),
        "repeat": REPEATS,
        **wire_state(task.model),
    }
    return Asked(
        args,
        most_bytes=_most_bytes(task.model, artifact, needs.samples),
        most_files=ANSWERS * len(samples) * len(task.model.spec.outputs),
    )


def finish(answered: Answered, needs: Needs) -> Result:
    """Keep what it answered, and how long it took. What it sent must be answers: tensors, under declared names."""
    return kept(answered, needs, [output.name for output in answered.task.model.spec.outputs])


def kept(answered: Answered, needs: Needs, declared: list[str]) -> Result:
    """Keep answers under these names, if that is what it sent."""
    from deploymatrix.numerics.answers_sent import sent_problem

    value, model = answered.value, answered.task.model
    samples = len(samples_for(model, needs.source, needs.samples))
    problem = sent_problem(answered.work.out, declared, samples, value["outputs"])
    if problem:
        return answered.refuse(problem)
    about = {name: value[name] for name in ("outputs", "extra", "missing", "checks", "versions")}
    return answered.keep("runs", about, {name: value[name] for name in ("load_s", "run_s")})


def with_sizes(failed: Failed, needs: Needs) -> Failed:
    """Say at which sizes a run failed, as its worker told before; for a model without dims there is nothing to say."""
    told = SAMPLE.findall(log_tail(failed.log)) or ["0"]
    sizes = sized(needs.task.model, int(told[-1]), needs.source, needs.samples)
    if failed.stage != "run" or not sizes:
        return failed
    return replace(failed, detail=f"{failed.detail}; at sample {told[-1]}, which has {sizes}")


def _most_bytes(model: Model, artifact: Entry, own: Entry | None) -> int:
    """Return the bytes that all answers to all samples may have together, as far as the model declares them."""
    samples, shapes = bindings_for(model, artifact, own), [output.shape for output in model.spec.judged_outputs]
    values = sum(math.prod(bound(shape, binding)) for binding in samples for shape in shapes)
    return ANSWERS * (values * WIDEST + len(samples) * SPARE)
