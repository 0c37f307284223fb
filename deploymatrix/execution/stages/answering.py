"""What a module that answers for an artifact is asked and may send: a target's run.py, a format's evaluate.py."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deploymatrix.execution.outcomes import Result
from deploymatrix.execution.sampled import bindings_for, samples_for
from deploymatrix.execution.stages.samples import paths_for
from deploymatrix.execution.wire import wire_state
from deploymatrix.numerics.shapes import bound

if TYPE_CHECKING:
    from deploymatrix.execution.stages.asking import Answered
    from deploymatrix.execution.stages.context import Needs, StageContext
    from deploymatrix.project.project import Model
    from deploymatrix.store.entries import Entry

REPEATS = 3  # of each sample, for its time
ANSWERS = REPEATS + 4  # and those of further sessions: by load, order, threads, and the last two together
WIDEST = 16  # bytes of a value, so that an answer of a wrong dtype is still one
SPARE = 1 << 20  # bytes: for headers, and so that an answer of a wrong shape, if it is small, is still one


@dataclass(frozen=True)
class Asked:
    """What any module is asked that answers for an artifact, and the most that it may leave."""

    args: dict[str, Any]
    most_bytes: int
    most_files: int


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


def kept(answered: Answered, needs: Needs, declared: list[str]) -> Result:
    """Keep answers under these names, if that is what it sent."""
    from deploymatrix.numerics.answers_sent import sent_problem

    value, model = answered.value, answered.task.model
    samples = len(samples_for(model, needs.source, needs.samples))
    problem = sent_problem(answered.work.out, declared, samples, value["outputs"])
    if problem:
        return answered.refuse(problem)
    about = {name: value[name] for name in ("outputs", "extra", "missing", "checks", "versions")}
    about["device"] = value.get("device", "")
    about["emulated"] = answered.context.facts.is_foreign(answered.task.on) if answered.task.target else False
    return answered.keep("runs", about, {name: value[name] for name in ("load_s", "run_s")})


def _most_bytes(model: Model, artifact: Entry, own: Entry | None) -> int:
    """Return the bytes that all answers to all samples may have together, as far as the model declares them."""
    samples, shapes = bindings_for(model, artifact, own), [output.shape for output in model.spec.judged_outputs]
    values = sum(math.prod(bound(shape, binding)) for binding in samples for shape in shapes)
    return ANSWERS * (values * WIDEST + len(samples) * SPARE)
