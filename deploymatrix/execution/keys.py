"""The key of each task: the digest of exactly what its result depends on, part by part.

A source is known by the digest of its content, not of how it was made: an export that is repeated and comes out the
same leaves everything behind it as it is.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from deploymatrix.execution.wire import wire_spec
from deploymatrix.host.worker_program import worker_digest
from deploymatrix.project.plan import PlannedCell
from deploymatrix.project.project import Model, Project, Target
from deploymatrix.project.routes import Step
from deploymatrix.project.specs import Isolation
from deploymatrix.store import digests
from deploymatrix.store.entries import Entry

Value = TypeVar("Value")
NUMERICS = Path(__file__).parents[1] / "numerics"
COMPARING = (NUMERICS / "compare.py", NUMERICS / "references.py")
DRAWING = NUMERICS / "samples.py"


@dataclass(frozen=True)
class Key:
    """What a result depends on, by name; its digest is where the result lies in the store."""

    parts: dict[str, Any]

    @cached_property
    def digest(self) -> str:
        return digests.of_data(self.parts)

    def changes_since(self, before: dict[str, Any]) -> list[str]:
        """The names of the parts that are not as they were."""
        return sorted(name for name in {*self.parts, *before} if self.parts.get(name) != before.get(name))


def _once_per_model(function: Callable[[Model], Value]) -> Callable[[Model], Value]:
    """A model's files are read once for a project, however many tasks depend on them."""

    @functools.wraps(function)
    def remembered(model: Model) -> Value:
        known = model.remembered
        if function.__name__ not in known:
            known[function.__name__] = function(model)
        value: Value = known[function.__name__]
        return value

    return remembered


@_once_per_model
def samples_key(model: Model) -> Key:
    """Samples depend on the seed, their number, the inputs' declarations and the code that draws them."""
    inputs = [tensor.model_dump(mode="json") for tensor in model.spec.inputs]
    return Key(
        {
            "seed": model.spec.seed,
            "samples": model.spec.samples,
            "inputs": inputs,
            "code": digests.of_code(DRAWING),
        }
    )


def reference_key(project: Project, model: Model) -> Key:
    """A reference depends on the model's code, declarations and samples, and on how its framework runs it."""
    framework = model.spec.framework
    return Key(
        {
            "model": model_code(model),
            "source": source_digest(model),
            "spec": wire_spec(model, ""),
            "samples": samples_key(model).digest,
            "framework": digests.of_code(project.opener(framework, framework)),
            "environment": environment_digest(project, project.frameworks[framework].environment),
            "checks": digests.of_code(COMPARING[1]),
            "worker": worker_digest(".py"),
        }
    )


def artifact_key(project: Project, model: Model, variant: str, step: Step, source: Entry) -> Key:
    """An artifact depends on its step's code, options and environment, on its source, and on what opens the source."""
    opener = project.opener(step.opener, model.spec.framework) if step.opener else None
    return Key(
        {
            "step": digests.of_code(project.step_module(step.format, step.source)),
            "options": step.options,
            "environment": environment_digest(project, step.environment),
            "spec": wire_spec(model, variant),
            "samples": samples_key(model).digest,
            "source": source.digest,
            "opener": digests.of_code(opener) if opener else None,
            "model": [model_code(model), source_digest(model)] if opener else None,
            "limits": [model.spec.timeouts.export, model.spec.memory_mb],
            "worker": worker_digest(".py"),
        }
    )


def run_key(project: Project, model: Model, target: Target, artifact: Entry, isolation: Isolation, runtime: str) -> Key:
    """A run depends on the artifact, the samples, the runner's code, the runtime and the limits.

    `runtime` is the digest of the image or of the environment's lock.
    """
    return Key(
        {
            "artifact": artifact.digest,
            "samples": samples_key(model).digest,
            "runner": digests.of_code(project.run_module(target)),
            "isolation": isolation,
            "runtime": runtime,
            "limits": [model.spec.timeouts.run, target.spec.resources.model_dump(mode="json")],
            "worker": worker_digest(".mjs" if target.spec.runner == "node" else ".py"),
        }
    )


def cell_key(run: Entry, reference: Entry, artifact: Entry, limit: float) -> Key:
    """A comparison depends on both sides, on the limit, and on the code that compares."""
    return Key(
        {
            "run": run.digest,
            "reference": reference.digest,
            "outputs": artifact.about["signature"]["outputs"],
            "limit": limit,
            "code": comparing_code(),
        }
    )


@_once_per_model
def model_code(model: Model) -> str:
    """Digest of the model's module and of all that lies beside it; what model.toml says is the spec's matter."""
    beside = digests.of_code_folder(model.folder, without=frozenset({"model.toml"}))
    return digests.of_data([digests.of_code(model.module), beside])


@_once_per_model
def source_digest(model: Model) -> str | None:
    """Digest of a model that model.toml gives without code: what it says, and the files that it names."""
    if model.source_module is None:
        return None
    files = [digests.of_code_folder(p) if p.is_dir() else digests.of_file(p) for p in model.source_paths]
    return digests.of_data([model.spec.source.model_dump(mode="json"), files, digests.of_code(model.source_module)])


def environment_digest(project: Project, environment: str) -> str:
    """Digest of an exporter environment: its lock and the variables that are set in it."""
    return digests.of_data(
        [digests.of_code(project.environment_lock(environment)), project.environment_variables(environment)]
    )


@functools.cache
def comparing_code() -> list[str]:
    """Digests of the code that compares."""
    return [digests.of_code(path) for path in COMPARING]


def current_inputs(project: Project, cells: Iterable[PlannedCell]) -> dict[str, str]:
    """By cell, the digest of the project's files that its result depends on: a result of other files is stale.

    Isolation, timeouts and resources do not count: they decide how, not what.
    """
    models: dict[str, str] = {}
    for cell in cells:
        if cell.model.name not in models:
            models[cell.model.name] = reference_key(project, cell.model).digest
    return {cell.name: _cell_inputs(project, cell, models[cell.model.name]) for cell in cells}


def _cell_inputs(project: Project, cell: PlannedCell, model: str) -> str:
    steps = cell.route.steps if cell.route else ()
    return digests.of_data(
        {
            "model": model,
            "steps": [_step_inputs(project, step, cell.model) for step in steps],
            "runner": digests.of_code(project.run_module(cell.target)),
            "runtime": digests.of_code(project.runtime_lock(cell.target)),
            "limit": cell.target.spec.limits[cell.variant],
            "engine": [*comparing_code(), worker_digest(".py"), worker_digest(".mjs")],
        }
    )


def _step_inputs(project: Project, step: Step, model: Model) -> list[Any]:
    opener = project.opener(step.opener, model.spec.framework) if step.opener else None
    return [
        digests.of_code(project.step_module(step.format, step.source)),
        step.options,
        environment_digest(project, step.environment),
        digests.of_code(opener) if opener else None,
    ]
