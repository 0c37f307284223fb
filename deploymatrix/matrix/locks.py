"""The locks of a plan: what fixes the packages of its exporters and runtimes, file by file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from deploymatrix.project.plan import PlannedCell
from deploymatrix.project.project import Project
from deploymatrix.store import digests


def locks_of(project: Project, cells: Iterable[PlannedCell]) -> dict[str, str]:
    """Return the SHA-256 of each lock that the cells depend on, by the file's name as records show it."""
    paths = {path for cell in cells for path in _locks(project, cell)}
    found = {project.shown(path): digests.of_file(path) for path in paths}
    return dict(sorted(found.items()))


def _locks(project: Project, cell: PlannedCell) -> Iterator[Path]:
    runner = project.runner_of(cell.target)
    yield project.runtime_lock(cell.target)
    if runner.interpreter_lock is not None:
        yield runner.interpreter_lock
    yield project.environment_lock(project.frameworks[cell.model.spec.framework].environment)
    yield from (project.environment_lock(step.environment) for step in (cell.route.steps if cell.route else ()))
