"""What every section works with: the project, the cells that were asked for, and folders of its own."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bench.bounds import Spent
from bench.observed import Observed, observe
from deploymatrix.execution.notes import LastKeys
from deploymatrix.execution.stages.dispatch import kind_of
from deploymatrix.project.plan import Selection, Task, plan_cells, plan_tasks
from deploymatrix.project.project import Project
from deploymatrix.project.trees import read_settings
from deploymatrix.store.store import Store

REPOSITORY = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, kw_only=True)
class Setting:
    """`root` is the project, `envs` its environments (ready), `scratch` a folder that the bench may empty."""

    root: Path
    envs: Path
    scratch: Path
    selection: Selection
    isolation: str
    repeats: int

    def empty(self, name: str) -> Path:
        """A build folder with the environments, and nothing else."""
        folder = self.scratch / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        self.envs.mkdir(parents=True, exist_ok=True)
        (folder / "envs").symlink_to(self.envs)
        return folder

    def at(self, root: Path) -> Setting:
        """The same for another copy of the project."""
        return replace(self, root=root)

    def project(self, build: Path) -> Project:
        return Project(root=self.root, build=build, default=read_settings(self.root).default)

    def tasks(self, build: Path) -> dict[str, Task]:
        """The tasks of the selected cells, by id."""
        return plan_tasks(plan_cells(self.project(build), self.selection))

    def run(self, build: Path, *options: str, variables: dict[str, str] | None = None, isolation: str = "") -> Observed:
        """`deploymatrix run` on the selected cells, in a process of its own."""
        arguments = ["--root", str(self.root), "--build-dir", str(build), "run", *_options(self.selection)]
        arguments += ["--isolation", isolation or self.isolation, *options]
        return observe(arguments, build / "observed.json", {**surroundings(), **(variables or {})})


def surroundings() -> dict[str, str]:
    """This process's variables, in which the engine and the bench can be imported."""
    path = os.pathsep.join(filter(None, [str(REPOSITORY), os.environ.get("PYTHONPATH")]))
    return {**os.environ, "PYTHONPATH": path, "NO_COLOR": "1"}


def recorded(tasks: dict[str, Task], build: Path) -> dict[str, Spent]:
    """What each task took by its record in the store; a task that failed has left none."""
    keys, store = LastKeys(build), Store(build / "store")
    found = {}
    for task in tasks.values():
        key = keys.get(task.id)
        entry = store.get(kind_of(task), key) if key else None
        if entry is not None:
            found[task.id] = _spent(task, entry.record.measured)
    return found


def _options(selection: Selection) -> list[str]:
    targets = [word for name in selection.targets for word in ("-t", name)]
    return targets + [word for name in selection.models for word in ("-m", name)]


def _spent(task: Task, measured: dict[str, Any]) -> Spent:
    seconds = {name: measured.get(name) or 0.0 for name in ("wall_s", "cpu_s", "import_s", "load_s")}
    return Spent(kind=task.kind, needs=task.needs, **seconds)
