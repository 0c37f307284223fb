"""The files of a step: its module, and what it may load from beside it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from deploymatrix.store import digests

if TYPE_CHECKING:
    from deploymatrix.project.project import Project
    from deploymatrix.project.routes import Step


def module_of(project: Project, step: Step) -> Path:
    """Return what is run for a step."""
    return step.module or project.step_module(step.format, step.source)


def step_files(project: Project, step: Step) -> list[Path]:
    """Return a step's module and the other modules of its folder, but for other steps."""
    module = module_of(project, step)
    return [module, *(path for path in sorted(module.parent.glob("*.py")) if not path.name.startswith("from_"))]


def code_of_step(project: Project, step: Step) -> str:
    """Return the digest of what these files do."""
    return digests.of_data([digests.of_code(path) for path in step_files(project, step)])
