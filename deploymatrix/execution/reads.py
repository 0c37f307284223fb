"""What tasks read outside of what their keys name: found when they were last done, and part of their keys since then.

A key is needed before its task runs, and what a task reads is known after it. So the files that it read last time are
noted by name; a key holds their present content. When a task reads others than noted, its result is stored under the
key with those.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from deploymatrix.execution.notes import LastReads
from deploymatrix.execution.step_files import step_files
from deploymatrix.project.labelled import labelled_sources, metric_files_beside
from deploymatrix.project.model_files import seen_from
from deploymatrix.project.own_samples import files_beside, own_files
from deploymatrix.store import digests

if TYPE_CHECKING:
    from deploymatrix.matrix.records import Cell
    from deploymatrix.project.plan import Task
    from deploymatrix.project.project import Model, Project

GONE = "gone"
CHANGING = "changed while it was read"  # no file's digest, so whatever has it is stale

Digests = dict[str, str]  # by the file's name as records show it


class Reads:
    """The noted files of each task with their digests. Each task's are read once: make a new one for a new run."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._noted = LastReads(project.build)
        self._digests: dict[str, Digests] = {}  # by task id

    def of(self, task_id: str) -> Digests:
        """Return what the task read last time, as it is now or was when the task was done."""
        if task_id not in self._digests:
            self._digests[task_id] = {name: self._now(name) for name in self._noted.get(task_id)}
        return self._digests[task_id]

    def note(self, task: Task, found: Sequence[str], since: float) -> None:
        """Take note of what a task has read. `since`: when it was asked, in seconds since the epoch."""
        named = {path.resolve() for path in _named(self._project, task)}
        outside = {
            path for path in map(Path, found) if _is_outside(self._project, path) and path.resolve() not in named
        }
        by_name = {_shown(self._project, task.model, path): path for path in sorted(outside)}
        self._noted.note(task.id, sorted(by_name))
        self._digests[task.id] = {
            name: CHANGING if path.stat().st_ctime >= since else self._now(name) for name, path in by_name.items()
        }

    def of_all(self, task_ids: Iterable[str]) -> Digests:
        """Return what any of the tasks read; what the first one found counts, where a file changed between two."""
        found: Digests = {}
        for task_id in task_ids:
            found = {**self.of(task_id), **found}
        return dict(sorted(found.items()))

    def refresh(self, task_id: str) -> None:
        """Take what another run has noted of a task meanwhile."""
        before = self._noted.get(task_id)
        self._noted.refresh()
        if self._noted.get(task_id) != before:
            self._digests.pop(task_id, None)

    def save(self) -> None:
        self._noted.save()

    def _now(self, name: str) -> str:
        return digest_now(self._project, name)


def digest_now(project: Project, name: str) -> str:
    """Digest a file that a record shows by `name`."""
    path = located(project, name)
    return digests.of_code(path) if path.is_file() else GONE


def changed_reads(project: Project, cells: Iterable[Cell]) -> dict[str, tuple[str, ...]]:
    """By cell: the files that its reference or exports read and that are no longer as they were, if any."""
    now = functools.cache(functools.partial(digest_now, project))
    changed = {cell.name: tuple(name for name, digest in cell.reads.items() if now(name) != digest) for cell in cells}
    return {name: files for name, files in changed.items() if files}


def _named(project: Project, task: Task) -> Iterator[Path]:
    """Yield the files whose content is part of the task's key in any case."""
    framework = task.model.spec.framework
    if task.kind == "export":
        yield from step_files(project, task.step)
    opened_by = framework if task.kind in ("sample", "sample_labelled", "reference") else task.step.opener
    if opened_by is None:
        return
    yield project.opener(opened_by, framework)
    own = {"sample": own_files, "sample_labelled": labelled_sources}.get(task.kind)
    yield from own(task.model) if own is not None else [task.model.module]
    without = files_beside(task.model) | metric_files_beside(task.model)
    yield from digests.files_of(task.model.folder, without=without)
    for path in task.model.source_paths:
        yield from digests.files_of(path) if path.is_dir() else [path]


def _is_outside(project: Project, path: Path) -> bool:
    """Tell whether it is a file, and none that a run generates."""
    generated = any(path.is_relative_to(build) for build in (project.build.absolute(), project.build.resolve()))
    return path.is_file() and not generated


def _shown(project: Project, model: Model, path: Path) -> str:
    """Return the file's name for a record: below the tree that it lies in, else its path.

    What lies in a folder that model.toml names as seen from itself has its path as seen from the project, `../src/…`:
    a copy of both has files of its own, and the same names for them.
    """
    for tree in project.trees:
        if (inner := _inside(path, tree)) is not None:
            return inner.as_posix()
    for name in model.spec.pythonpath:
        folder = seen_from(model.folder, name)
        if not Path(name).is_absolute() and (inner := _inside(path, folder)) is not None:
            return Path(os.path.relpath(folder / inner, project.root.absolute())).as_posix()
    return str(path)


def _inside(path: Path, folder: Path) -> Path | None:
    """Return the path as seen from a folder that it lies in, also by the folder's true name."""
    place = next((place for place in (folder.absolute(), folder.resolve()) if path.is_relative_to(place)), None)
    return None if place is None else path.relative_to(place)


def located(project: Project, name: str) -> Path:
    """Return where a file is that a record shows by `name`; in the nearest tree where none has it."""
    places = [seen_from(tree, name) for tree in project.trees]
    return next((place for place in places if place.is_file()), places[0])
