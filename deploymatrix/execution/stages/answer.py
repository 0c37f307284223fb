"""The stage `answer`: the artifact answers the labelled samples in its target's runtime, each once."""

from __future__ import annotations

import math
import shutil

from deploymatrix.execution.model_files import Key
from deploymatrix.execution.outcomes import Result
from deploymatrix.execution.stages.answering import ANSWERS, SPARE, WIDEST
from deploymatrix.execution.stages.asking import Answered, Question
from deploymatrix.execution.stages.context import Needs, StageContext
from deploymatrix.execution.stages.together import labelled_paths, laid_together
from deploymatrix.execution.wire import wire_state
from deploymatrix.numerics.shapes import bound, usual_sizes
from deploymatrix.project.labelled import scorer
from deploymatrix.store.entries import Entry

A_LIMIT = 100  # labelled samples have the seconds that a run has


def key(context: StageContext, needs: Needs) -> Key:
    return context.keys.answers(needs.task.model, needs.task.on, needs.source, context.facts, _labels(needs))


def question(context: StageContext, needs: Needs) -> Question:
    task, artifact, labels = needs.task, needs.source, _labels(needs)
    model, samples = task.model, labels.about["samples"]
    usual = usual_sizes(model.spec.dims)
    values = sum(math.prod(bound(output.shape, usual)) for output in model.spec.judged_outputs)
    return Question(
        module=context.project.run_module(task.on),
        args={
            "payload": artifact.files / artifact.about["entry"],
            "signature": artifact.about["signature"],
            "samples": labelled_paths(model, labels),
            "repeat": 1,
            **wire_state(model),
        },
        timeout_s=model.spec.timeouts.run * math.ceil(samples / A_LIMIT) * context.project.runner_of(task.on).patience,
        memory_mb=task.on.spec.resources.memory_mb,
        most_bytes=ANSWERS * samples * (values * WIDEST + SPARE),
        most_files=ANSWERS * samples * len(model.spec.outputs),
    )


def finish(answered: Answered, needs: Needs) -> Result:
    """Keep what it answered, each output in one file. What it sent must be answers: tensors, under declared names."""
    from deploymatrix.numerics.answers_sent import sent_problem

    value, out, samples, model = answered.value, answered.work.out, _labels(needs).about["samples"], answered.task.model
    names = [output.name for output in model.spec.outputs]
    problem = sent_problem(out, names, samples, value["outputs"])
    if value["missing"] and scorer(model) is not None:  # metric.py takes all; else the comparison says io_mismatch
        problem = problem or f"output {value['missing'][0]} is missing"
    if problem:
        return answered.refuse(f"labelled samples: {problem}")
    together = out.with_name("together")
    try:
        for name in value["outputs"]:
            laid_together(out, 0, samples, name, together)
    except ValueError as error:
        return answered.refuse(f"labelled samples: {error}")
    if together.is_dir():  # a run whose outputs all have wrong names, or that gives none, writes none
        shutil.rmtree(out)
        together.rename(out)
    return answered.keep("runs", {name: value[name] for name in ("outputs", "missing", "versions")})


def _labels(needs: Needs) -> Entry:
    assert needs.labels is not None, f"{needs.task.id} has labelled data"
    return needs.labels
