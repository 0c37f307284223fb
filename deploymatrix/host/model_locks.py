"""The locks of models' own packages: which there are, and that they are as fresh as what they are made from."""

from __future__ import annotations

from collections.abc import Iterable

from deploymatrix.environments.locking import Source, staleness
from deploymatrix.environments.model_locks import Ground
from deploymatrix.errors import ConfigurationError
from deploymatrix.project.project import Model, Project


def lock_sources(project: Project, models: Iterable[Model]) -> list[Source]:
    """List what the locks of models are made from: their requirements.in, over the environment of their framework."""
    return [_source(project, model) for model in models if model.requirements.is_file()]


def require_locks(project: Project, models: Iterable[Model]) -> None:
    """Raise ConfigurationError for each model whose requirements.in has no lock, or one that is older than it."""
    unique = {model.name: model for model in models}.values()
    complaints = [said for source in lock_sources(project, unique) if (said := staleness(source))]
    if complaints:
        raise ConfigurationError("\n".join(complaints))


def _source(project: Project, model: Model) -> Source:
    environment = project.frameworks[model.spec.framework].environment
    ground = Ground(environment=environment, lock=project.environment_lock(environment))
    return Source(name=model.name, path=model.requirements, over=ground)
