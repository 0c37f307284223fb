"""Routes: the steps that lead from a model to a format.

The first step of pipeline.toml through which a route exists counts, unless model.toml chooses another.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploymatrix.project.model_specs import RouteChoice
from deploymatrix.project.project import Model, Project
from deploymatrix.project.specs import StepSpec


@dataclass(frozen=True, kw_only=True)
class Step:
    """One exporter run: pipelines/<format>/from_<source>.py in an environment, with its options.

    variant: of the artifact that it makes; a route may go through one of another variant. module: what is run instead.
    host: this kind of processor alone runs its artifacts.
    """

    format: str
    variant: str
    source: str
    environment: str
    options: dict[str, Any]
    opener: str | None  # the framework as whose object the model is opened; None when the source is an artifact
    module: Path | None = None
    host: bool = False

    @property
    def name(self) -> str:
        return f"{self.format}/from_{self.source}"


@dataclass(frozen=True, kw_only=True)
class Route:
    """Steps in order; the first one starts at the model. evaluated_in: the environment of what answers for the artifact
    at the end in exact arithmetic; empty where nothing does."""

    framework: str
    steps: tuple[Step, ...]
    evaluated_in: str = ""

    @property
    def variant(self) -> str:
        """The variant of the artifact at its end."""
        return self.steps[-1].variant

    @property
    def evaluator(self) -> str:
        """The name of what answers for the artifact at its end in exact arithmetic, as a step has one."""
        return f"{self.steps[-1].format}/evaluate"

    def __str__(self) -> str:
        opened = self.steps[0].source
        start = [self.framework] if opened == self.framework else [self.framework, opened]
        return " → ".join([*start, *(step.format for step in self.steps)])

    def prefixes(self) -> Iterator[Route]:
        """Yield the route to each format in turn, the nearest to the model first, the whole last."""
        for length in range(1, len(self.steps) + 1):
            yield Route(framework=self.framework, steps=self.steps[:length])


def layers_module(project: Project, format_: str) -> Path:
    """Return the module that looks where noise enters artifacts of a format; there need be no such file."""
    return project.evaluator(format_).with_name("noise.py")


def find_route(project: Project, model: Model, format_: str, variant: str) -> Route | None:
    """Return the route of `model` to an artifact of `format_` in that variant, or None when there is none."""
    steps = _steps_to(project, model, format_, variant, frozenset())
    if steps is None:
        return None
    evaluation = project.pipelines[format_].evaluation
    evaluated_in = evaluation.environment if evaluation and variant in evaluation.variants else ""
    return Route(framework=model.spec.framework, steps=steps, evaluated_in=evaluated_in)


def _steps_to(
    project: Project, model: Model, format_: str, variant: str, visited: frozenset[tuple[str, str]]
) -> tuple[Step, ...] | None:
    if (format_, variant) in visited or project.pipelines[format_].why_unsupported(variant, model.spec.framework):
        return None
    for declared in project.pipelines[format_].steps:
        choice = _choice(project, model, declared, format_)
        if variant not in declared.variants or (choice and choice.source not in (None, declared.source)):
            continue
        before = _steps_before(project, model, declared, variant, visited | {(format_, variant)})
        if before is not None:
            return (*before, _step(project, model, format_, declared, variant))
    return None


def _steps_before(
    project: Project, model: Model, declared: StepSpec, variant: str, visited: frozenset[tuple[str, str]]
) -> tuple[Step, ...] | None:
    if declared.source in project.frameworks:
        accepted = declared.frameworks or (declared.source,)
        return () if model.spec.framework in accepted else None
    return _steps_to(project, model, declared.source, declared.from_variant or variant, visited)


def _choice(project: Project, model: Model, declared: StepSpec, format_: str) -> RouteChoice | None:
    """Return the model's choice for a step: it is about what leads to the format, not about what makes one of its
    variants from another. A framework may have the format's name."""
    within = declared.source == format_ and declared.source not in project.frameworks
    return None if within else model.spec.routes.get(format_)


def _step(project: Project, model: Model, format_: str, declared: StepSpec, variant: str) -> Step:
    choice = _choice(project, model, declared, format_)
    return Step(
        format=format_,
        variant=variant,
        source=declared.source,
        environment=declared.environment,
        options={**declared.options, **(choice.options if choice else {})},
        opener=declared.source if declared.source in project.frameworks else None,
        host=declared.host,
    )
