"""What a cell's answers are worth: computed where it is compared, over the labelled samples, or without labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deploymatrix.execution.metric_keys import accuracy_code
from deploymatrix.execution.sampled import samples_for
from deploymatrix.execution.stages.together import LABELLED, LABELS
from deploymatrix.project.limits import drop_of

if TYPE_CHECKING:
    from deploymatrix.execution.stages.context import Needs
    from deploymatrix.numerics.accuracy import Accuracy, Answered
    from deploymatrix.project.metric_specs import Metric
    from deploymatrix.project.plan import Task
    from deploymatrix.store.entries import Entry


def key_parts(needs: Needs) -> dict[str, Any]:
    """Return what the accuracy of a cell depends on beyond its comparison; nothing where none is measured."""
    task, metric = needs.task, needs.task.model.spec.metric
    if metric is not None and metric.data is not None:
        entries = [entry.digest for entry in (needs.labels, needs.answers, needs.scores) if entry is not None]
        said = metric.model_dump(mode="json", exclude={"data", "reason", "accuracy_drop"})
        return {"accuracy": [said, drop_of(task.model, task.variant), entries, accuracy_code()]}
    output = task.model.spec.deciding if _is_quantised(task) or metric is not None else None
    return {} if output is None else {"accuracy": [output.name, accuracy_code()]}


def measure(needs: Needs) -> Accuracy | None:
    """Return the accuracy of a cell whose answers have the declared names; None where nothing tells it.

    Raise ValueError for an answer that cannot be scored.
    """
    from deploymatrix.numerics.accuracy import measured, of_scores

    task, metric, labels, answers = needs.task, needs.task.model.spec.metric, needs.labels, needs.answers
    if metric is None or labels is None or answers is None:
        return _agreement(needs, metric)
    if answers.about["missing"]:
        raise ValueError(f"output {answers.about['missing'][0]} is missing")
    budget = drop_of(task.model, task.variant)
    assert budget is not None
    if needs.scores is not None:
        exact, eager, own = map(float, needs.scores.about["scores"].values())
        return of_scores(labels.about["samples"], (exact, eager, own), budget)
    output = task.model.spec.scored_output
    return measured(metric.kind, output, _labelled(needs, output, labels, answers), budget)


def unmeasured(needs: Needs) -> Accuracy | None:
    """Return the accuracy of answers that cannot be scored; None where none decides."""
    from deploymatrix.numerics.accuracy import Accuracy

    spec, labels, budget = needs.task.model.spec, needs.labels, drop_of(needs.task.model, needs.task.variant)
    if spec.metric is None or labels is None:
        return None
    return Accuracy(kind=spec.metric.kind, output=spec.scored_output, samples=labels.about["samples"], budget=budget)


def _labelled(needs: Needs, output: str, labels: Entry, answers: Entry) -> Answered:
    from deploymatrix.numerics.accuracy import Answered
    from deploymatrix.numerics.tensors import load

    reference = needs.reference.files / LABELLED
    return Answered(
        float64=load(reference / f"{output}.float64.npy"),
        float32=load(reference / f"{output}.float32.npy"),
        variant=load(answers.files / f"{output}.npy"),
        label=load(labels.files / LABELS / "label.npy"),
    )


def _agreement(needs: Needs, metric: Metric | None) -> Accuracy | None:
    """Return how many decisions are float64's, of a classifier that is quantised, or said to be one."""
    from deploymatrix.numerics.accuracy import Answered, measured
    from deploymatrix.numerics.tensors import load

    output = needs.task.model.spec.deciding if _is_quantised(needs.task) or metric is not None else None
    if output is None or needs.run.about["missing"]:
        return None
    name, chosen = output.name, samples_for(needs.task.model, needs.source, needs.samples)
    exact, eager = (
        [load(needs.reference.files / str(sample) / f"{name}.{dtype}.npy") for sample in chosen]
        for dtype in ("float64", "float32")
    )
    own = [load(needs.run.files / str(index) / f"{name}.npy") for index in range(len(chosen))]
    return measured("agreement", name, Answered(float64=exact, float32=eager, variant=own), None)


def _is_quantised(task: Task) -> bool:
    return task.on.variants[task.variant].judgement != "rounding"
