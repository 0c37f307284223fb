"""The stage `reference`: the model's weights are frozen, and its outputs computed in float64 and in eager float32."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from deploymatrix.execution.model_files import Key
from deploymatrix.execution.outcomes import Result
from deploymatrix.execution.stages.asking import Answered, Question
from deploymatrix.execution.stages.context import Needs, StageContext
from deploymatrix.execution.stages.samples import count, sample_paths
from deploymatrix.execution.stages.together import LABELLED, labelled_paths, laid_together
from deploymatrix.execution.wire import wire_imports, wire_source, wire_spec
from deploymatrix.host.messages import Place
from deploymatrix.host.recipes import packages_recipe
from deploymatrix.project.model_specs import Output
from deploymatrix.project.plan import Task


def place(context: StageContext, task: Task) -> Place:
    """Return the environment of the model's own framework."""
    return Place("environment", context.project.frameworks[task.model.spec.framework].environment)


def key(context: StageContext, needs: Needs) -> Key:
    return context.keys.reference(needs.task.model, needs.samples, needs.labels)


def question(context: StageContext, needs: Needs) -> Question:
    model, labels = needs.task.model, needs.labels
    framework = model.spec.framework
    environment = place(context, needs.task).name
    args = {
        "model": model.module,
        "given": wire_source(context.project, model),
        "given_weights": model.weights,
        "imports": wire_imports(context.project, model, environment),
        "spec": wire_spec(model, ""),
        "samples": [*sample_paths(context, needs), *([] if labels is None else labelled_paths(model, labels))],
    }
    return Question(
        module=context.project.opener(framework, framework),
        args=args,
        timeout_s=model.spec.timeouts.export,
        memory_mb=model.spec.memory_mb,
        packages=packages_recipe(context.project, model, environment),
    )


def finish(answered: Answered, needs: Needs) -> Result:
    """Keep references that prove something; say what is wrong with others. Labelled samples come last."""
    from deploymatrix.numerics.references import reference_problem

    spec, value, samples = answered.task.model.spec, answered.value, count(needs)
    problem = reference_problem(spec.judged_outputs, samples, answered.work.out, value["yardstick"])
    if problem:
        return answered.refuse(problem)
    sizes = {"sizes": needs.samples.about["sizes"]} if needs.samples and spec.dims else {}
    about: dict[str, Any] = {
        "samples": samples,
        **sizes,
        **{name: value[name] for name in ("versions", "orders", "yardstick")},
    }
    if needs.labels is not None:
        about["labelled"] = needs.labels.about["samples"]
        try:
            _lay_together(answered.work.out, samples, needs.labels.about["samples"], spec.outputs)
        except (OSError, ValueError) as error:
            return answered.refuse(f"labelled samples: {error}")
    return answered.keep("references", about, {"eager_s": value["eager_s"]})


def _lay_together(out: Path, first: int, count: int, outputs: Iterable[Output]) -> None:
    """Lay the answers to labelled samples into one file an output and dtype; only these two are asked for them."""
    for output, dtype in itertools.product(outputs, ("float64", "float32")):
        laid_together(out, first, count, f"{output.name}.{dtype}", out / LABELLED)
    for index in range(first, first + count):
        shutil.rmtree(out / str(index))
