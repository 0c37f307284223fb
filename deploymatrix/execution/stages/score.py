"""The stage `score`: the model's metric.py scores what float64, eager float32 and the artifact answer.

It is the user's code: it runs where the model's does, in a child of the framework's worker, and sees arrays alone.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from deploymatrix.execution.model_files import Key
from deploymatrix.execution.outcomes import Failed, Result
from deploymatrix.execution.stages.asking import Answered, Question
from deploymatrix.execution.stages.context import Needs, StageContext
from deploymatrix.execution.stages.together import LABELLED, LABELS
from deploymatrix.host.messages import Place
from deploymatrix.host.recipes import packages_recipe
from deploymatrix.numerics.tensors import load
from deploymatrix.project.labelled import scorer
from deploymatrix.project.metric_specs import SCORER
from deploymatrix.project.model_specs import ModelSpec
from deploymatrix.project.plan import Task

ADAPTER = Path(__file__).parents[1] / "scorer.py"
OUTPUT = "score"
SCORED = ("float64", "float32", "variant")


def place(context: StageContext, task: Task) -> Place:
    """Return the environment of the model's own framework."""
    return Place("environment", context.project.frameworks[task.model.spec.framework].environment)


def key(context: StageContext, needs: Needs) -> Key:
    labels, answers = needs.labels, needs.answers
    assert labels is not None and answers is not None
    return context.keys.scores(needs.task.model, needs.reference, labels, answers)


def question(context: StageContext, needs: Needs) -> Question:
    model = needs.task.model
    inputs = {name: {"name": name, "dtype": dtype, "shape": []} for name, dtype in _tensors(model.spec)}
    return Question(
        module=ADAPTER,
        args={
            "payload": scorer(model),
            "signature": {
                "inputs": inputs,
                "outputs": {OUTPUT: {"name": OUTPUT, "dtype": "float64", "shape": []}},
            },
            "samples": [_given(needs, who) for who in SCORED],
            "repeat": 2,
        },
        timeout_s=model.spec.timeouts.export,
        memory_mb=model.spec.memory_mb,
        most_bytes=1 << 20,
        most_files=100,
        packages=packages_recipe(context.project, model, place(context, needs.task).name),
    )


def finish(answered: Answered, _needs: Needs) -> Result:
    """Keep the scores. A metric that scores the same answers otherwise the second time is none."""
    from deploymatrix.numerics.answers_sent import sent_problem

    out = answered.work.out
    problem = sent_problem(out, [OUTPUT], len(SCORED), answered.value["outputs"])
    if not problem and (out / "again").is_dir():
        problem = "it scores the same answers otherwise the second time"
    if problem or answered.value["missing"]:
        return replace(answered.refuse(f"{SCORER}: {problem}"), outcome="reference_failed", stage="reference")
    scores = {who: float(load(out / str(index) / f"{OUTPUT}.npy")) for index, who in enumerate(SCORED)}
    return answered.keep("runs", {"scores": {who: repr(score) for who, score in scores.items()}})


def failed(failure: Failed) -> Failed:
    """Say that the metric failed, and no runtime."""
    outcome = failure.outcome if failure.outcome not in ("run_failed", "load_failed") else "reference_failed"
    return replace(failure, outcome=outcome, stage="reference", detail=f"{SCORER}: {failure.detail}")


def _tensors(spec: ModelSpec) -> list[tuple[str, str]]:
    """List what each of the three is given, and the dtype: answers of floats are widened to float64."""
    outputs = ((f"output.{o.name}", "float64" if o.dtype.startswith("float") else str(o.dtype)) for o in spec.outputs)
    return [*outputs, *((f"label.{label.name}", str(label.dtype)) for label in spec.labels)]


def _given(needs: Needs, who: str) -> dict[str, Path]:
    """Return the file of each of them, which holds all labelled samples."""
    labels, answers, spec = needs.labels, needs.answers, needs.task.model.spec
    assert labels is not None and answers is not None
    found = {}
    for output in spec.outputs:
        of_model = needs.reference.files / LABELLED / f"{output.name}.{who}.npy"
        found[f"output.{output.name}"] = answers.files / f"{output.name}.npy" if who == "variant" else of_model
    return found | {f"label.{label.name}": labels.files / LABELS / f"{label.name}.npy" for label in spec.labels}
