"""Routes: the steps that lead from a model to a format.

The first source of pipeline.toml through which a route exists is taken, unless model.toml chooses another.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from deploymatrix.project.project import Model, Project
from deploymatrix.project.specs import SourceSpec


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
        """The routes to each format on the way, the nearest to the model first, the whole last."""
        for length in range(1, len(self.steps) + 1):
            yield Route(framework=self.framework, steps=self.steps[:length])


def find_route(project: Project, model: Model, format_: str, variant: str) -> Route | None:
    """The route of `model` to `format_`, or None when there is none."""
    steps = _steps_to(project, model, format_, variant, frozenset())
    return None if steps is None else Route(framework=model.spec.framework, steps=steps)


def _steps_to(
    project: Project, model: Model, format_: str, variant: str, visited: frozenset[str]
) -> tuple[Step, ...] | None:
    if format_ in visited:
        return None
    choice = model.spec.routes.get(format_)
    for source in project.pipelines[format_].sources:
        if variant not in source.variants or (choice and choice.source not in (None, source.source)):
            continue
        before = _steps_before(project, model, source, variant, visited | {format_})
        if before is not None:
            return (*before, _step(project, model, format_, source))
    return None


def _steps_before(
    project: Project, model: Model, source: SourceSpec, variant: str, visited: frozenset[str]
) -> tuple[Step, ...] | None:
    if source.source in project.frameworks:
        takes = source.frameworks or (source.source,)
        return () if model.spec.framework in takes else None
    return _steps_to(project, model, source.source, variant, visited)


def _step(project: Project, model: Model, format_: str, source: SourceSpec) -> Step:
    choice = model.spec.routes.get(format_)
    return Step(
        format=format_,
        source=source.source,
        environment=source.environment,
        options={**source.options, **(choice.options if choice else {})},
        opener=source.source if source.source in project.frameworks else None,
    )
