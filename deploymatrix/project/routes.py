"""Routes: the steps that lead from a model to a format.

The first step of pipeline.toml through which a route exists counts, unless model.toml chooses another.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from deploymatrix.project.project import Model, Project
from deploymatrix.project.specs import StepSpec


@dataclass(frozen=True, kw_only=True)
class Step:
    """One exporter run: pipelines/<format>/from_<source>.py in an environment, with its options."""

    format: str
    source: str
    environment: str
    options: dict[str, Any]
    opener: str | None  # the framework as whose object the model is opened; None when the source is an artifact

    @property
    def name(self) -> str:
        return f"{self.format}/from_{self.source}"


@dataclass(frozen=True, kw_only=True)
class Route:
    """Steps in order; the first one starts at the model."""

    framework: str
    steps: tuple[Step, ...]

    def __str__(self) -> str:
        opened = self.steps[0].source
        start = [self.framework] if opened == self.framework else [self.framework, opened]
        return " → ".join([*start, *(step.format for step in self.steps)])

    def prefixes(self) -> Iterator[Route]:
        """Yield the route to each format in turn, the nearest to the model first, the whole last."""
        for length in range(1, len(self.steps) + 1):
            yield Route(framework=self.framework, steps=self.steps[:length])


def find_route(project: Project, model: Model, format_: str, variant: str) -> Route | None:
    """Return the route of `model` to `format_`, or None when there is none."""
    steps = _steps_to(project, model, format_, variant, frozenset())
    return None if steps is None else Route(framework=model.spec.framework, steps=steps)


def _steps_to(
    project: Project, model: Model, format_: str, variant: str, visited: frozenset[str]
) -> tuple[Step, ...] | None:
    if format_ in visited:
        return None
    choice = model.spec.routes.get(format_)
    for declared in project.pipelines[format_].steps:
        if variant not in declared.variants or (choice and choice.source not in (None, declared.source)):
            continue
        before = _steps_before(project, model, declared, variant, visited | {format_})
        if before is not None:
            return (*before, _step(project, model, format_, declared))
    return None


def _steps_before(
    project: Project, model: Model, declared: StepSpec, variant: str, visited: frozenset[str]
) -> tuple[Step, ...] | None:
    if declared.source in project.frameworks:
        accepted = declared.frameworks or (declared.source,)
        return () if model.spec.framework in accepted else None
    return _steps_to(project, model, declared.source, variant, visited)


def _step(project: Project, model: Model, format_: str, declared: StepSpec) -> Step:
    choice = model.spec.routes.get(format_)
    return Step(
        format=format_,
        source=declared.source,
        environment=declared.environment,
        options={**declared.options, **(choice.options if choice else {})},
        opener=declared.source if declared.source in project.frameworks else None,
    )
