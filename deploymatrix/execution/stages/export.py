"""The stage `export`: one step of a route makes an artifact, from a framework's model or from another artifact."""

from __future__ import annotations

from typing import Any

from deploymatrix.execution.exporter_warnings import warnings_in
from deploymatrix.execution.model_files import Key
from deploymatrix.execution.outcomes import Result
from deploymatrix.execution.sampled import static_of, static_problem
from deploymatrix.execution.stages.asking import Answered, Question
from deploymatrix.execution.stages.context import Needs, StageContext
from deploymatrix.execution.stages.samples import calibration_paths, calibration_said, paths_for
from deploymatrix.execution.stages.signature import signature_problem
from deploymatrix.execution.step_files import module_of
from deploymatrix.execution.surroundings import made_for
from deploymatrix.execution.wire import wire_imports, wire_source, wire_spec
from deploymatrix.host.messages import Place
from deploymatrix.host.recipes import packages_recipe
from deploymatrix.project.plan import Task


def place(_context: StageContext, task: Task) -> Place:
    return Place("environment", task.step.environment)


def key(context: StageContext, needs: Needs) -> Key:
    task = needs.task
    return context.keys.artifact(task.model, task.variant, task.step, needs.source, needs.samples, needs.calibration)


def question(context: StageContext, needs: Needs) -> Question:
    task = needs.task
    args = {
        "spec": wire_spec(task.model, task.variant, static_of(needs.source)),
        "samples": paths_for(context, needs),
        **({"calibration": calibration_paths(context, needs)} if calibrates(context, task) else {}),
        "options": task.step.options,
        "source": _source(context, needs),
    }
    return Question(
        module=module_of(context.project, task.step),
        args=args,
        timeout_s=task.model.spec.timeouts.export,
        memory_mb=task.model.spec.memory_mb,
        packages=packages_recipe(context.project, task.model, task.step.environment) if task.step.opener else None,
    )


def calibrates(context: StageContext, task: Task) -> bool:
    """Tell whether the step takes ranges from samples: its variant does, and its source was made without."""
    return context.project.variants[task.variant].calibration


def finish(answered: Answered, needs: Needs) -> Result:
    """Keep the artifact, unless its signature claims outputs that cannot be compared."""
    step, value = answered.task.step, answered.value
    model, static = answered.task.model, {**static_of(needs.source), **value["static"]}
    problem = signature_problem(model, value["signature"]) or static_problem(model, static)
    if problem:
        return answered.refuse(problem)
    rules = answered.context.project.pipelines[step.format].warnings
    about = {
        "step": step.name,
        "options": step.options,
        "source": needs.source.digest,
        "entry": value["entry"],
        "signature": value["signature"],
        "repairs": value["repairs"],
        "warnings": warnings_in(answered.said, step.name, rules),
        "versions": value["versions"],
        **made_for(step),
        **({"static": static} if static else {}),
        **(
            {"calibration": calibration_said(answered.context, needs)}
            if calibrates(answered.context, needs.task)
            else {}
        ),
    }
    return answered.keep("artifacts", about)


def _source(context: StageContext, needs: Needs) -> dict[str, Any]:
    task, source = needs.task, needs.source
    if task.step.opener is None:
        return {"artifact": source.files / source.about["entry"], "signature": source.about["signature"]}
    return {
        "framework": context.project.opener(task.step.opener, task.model.spec.framework),
        "model": task.model.module,
        "given": wire_source(context.project, task.model),
        "imports": wire_imports(context.project, task.model, task.step.environment),
        "weights": source.files / "weights",
    }
