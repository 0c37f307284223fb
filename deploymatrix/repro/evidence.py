"""Reproduction of one cell: the task that decided it, taken from the store as the run left it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from deploymatrix.environments.recipes import PackagesRecipe, RuntimeRecipe
from deploymatrix.errors import ConfigurationError, IncompleteRun
from deploymatrix.execution.stages.context import Needs, StageContext
from deploymatrix.execution.stages.dispatch import key_of, kind_of, place_of, question_of
from deploymatrix.host.facts import HostFacts
from deploymatrix.host.recipes import runtime_recipe
from deploymatrix.host.worker_program import EXPORTING, WorkerProgram, worker_of
from deploymatrix.matrix.records import NOT_REPRODUCIBLE, Cell
from deploymatrix.project.metric_specs import SCORER
from deploymatrix.project.plan import PlannedCell, Sampling, Task, plan_tasks
from deploymatrix.project.project import Project
from deploymatrix.project.routes import find_route
from deploymatrix.project.runners import PACKAGES_FOLDER, Runner
from deploymatrix.project.targets import Target
from deploymatrix.store.entries import Entry

COMMAND = "deploymatrix"
PROGRAMS = Path(__file__).parent / "program"


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """The task that decided a cell, and what the task needed, from the store."""

    context: StageContext
    cell: Cell
    task: Task
    needs: Needs
    evaluation: Entry | None = None  # what a quantised artifact comes to in exact arithmetic

    @property
    def target(self) -> Target:
        """The target of the cell, whichever task decided it."""
        return self.context.project.targets[self.cell.target]

    @property
    def runner(self) -> Runner | None:
        """What the decisive task ran in; None for a task in an exporter environment."""
        return self.context.project.runner_of(self.task.target) if self.task.target is not None else None

    @property
    def worker(self) -> WorkerProgram:
        """The worker that served the task."""
        return worker_of(self.runner) if self.runner is not None else EXPORTING

    @property
    def recipe(self) -> RuntimeRecipe:
        """What the task's environment is made from."""
        if self.task.target is not None:
            return runtime_recipe(self.context.project, self.task.target)
        name = self._environment
        return RuntimeRecipe(name=name, installer="pip", lock=self.context.project.environment_lock(name))

    @property
    def packages(self) -> PackagesRecipe | None:
        """What packages of the model's own are made from, which the task imports; None where it needs none."""
        return question_of(self.context, self.needs).packages if self.task.target is None else None

    @property
    def variables(self) -> dict[str, str]:
        """What is set in the task's environment before its interpreter starts, wherever its packages lie."""
        if self.task.target is None:
            return self.context.project.environment_variables(self._environment)
        return {name: value for name, value in self.worker.variables if PACKAGES_FOLDER not in value}

    @property
    def program(self) -> str:
        """The name of the program that reproduces the cell. Raise ConfigurationError for a language that has none."""
        name = f"reproduce{self.worker.language}"
        if not (PROGRAMS / name).is_file():
            known = ", ".join(sorted(path.suffix for path in PROGRAMS.glob("reproduce.*")))
            raise ConfigurationError(
                f"{self.cell.name}: its runner's language is {self.worker.language}; cells can be reproduced in {known}"
            )
        return name

    @property
    def _environment(self) -> str:
        place = place_of(self.context, self.task)
        assert place is not None and place.kind == "environment", f"{self.task.id} runs no native code"
        return place.name


def find_evidence(project: Project, cell: Cell) -> Evidence:
    """Return what the store holds of the task that decided `cell`; every file is checked against its manifest.

    Raise ConfigurationError for a cell in which nothing was tried, IncompleteRun when the project has changed since
    the cell was decided, StoreCorrupted for a file that has.
    """
    if cell.outcome in NOT_REPRODUCIBLE:
        raise ConfigurationError(f"{cell.name}: nothing to reproduce: {NOT_REPRODUCIBLE[cell.outcome]}")
    context = context_of(project, cell)
    tasks = _tasks(project, cell)
    entries = stored_entries(context, tasks)
    task = _decisive(cell, tasks, entries)
    needs = Needs(task, entries)
    compared = Needs(tasks[-1], entries)
    second = [compared.task.evaluation] if task.kind == "run" and compared.task.evaluation else []
    if not all(need in entries for need in (*task.needs, *second)) or _differs(cell, needs):
        raise IncompleteRun(
            f"{cell.name}: the project has changed since this cell was decided (if it was run with --timeout, give the "
            f"same here); run it again: {COMMAND} run -t {cell.target} -m {cell.model}"
        )
    for entry in (*needs, *(entries[id_] for id_ in second)):
        context.store.verify(entry)
    return Evidence(
        context=context, cell=cell, task=task, needs=needs, evaluation=compared.evaluation if second else None
    )


def context_of(project: Project, cell: Cell) -> StageContext:
    """Return a context that finds what the run of `cell` stored. No worker is made."""
    return StageContext.of(project, HostFacts(project, cell.isolation or "process"))


def stored_entries(context: StageContext, tasks: Sequence[Task]) -> dict[str, Entry]:
    """Return the entry of each task, by its id, as far as the store holds it for the project as it is now."""
    entries: dict[str, Entry] = {}
    for task in tasks:
        if all(need in entries for need in task.needs):
            found = context.store.get(kind_of(task), key_of(context, Needs(task, entries)).digest)
            if found is not None:
                entries[task.id] = found
    return entries


def tasks_of(project: Project, cell: Cell) -> list[Task]:
    """List the tasks that decide a cell, in order.

    There is none for a cell without a route, or for one that the project no longer has.
    """
    model, target = project.models.get(cell.model), project.targets.get(cell.target)
    if model is None or target is None:
        return []
    route = find_route(project, model, target.spec.format, cell.variant)
    return list(plan_tasks([PlannedCell(model=model, target=target, variant=cell.variant, route=route)]).values())


def command(
    cell: str, *, options: Sequence[str] = (), models: Sequence[Path] = (), timeout: float | None = None
) -> str:
    """Return the line for a shell that does the cell's decisive task again.

    `options`: of the project; they stand before the command.
    """
    folders = [word for folder in models for word in ("--models", str(folder.resolve()))]
    limit = ["--timeout", f"{timeout:g}"] if timeout is not None else []
    return shlex.join([COMMAND, *options, "repro", cell, *folders, *limit, "--run"])


def digests(project: Project, cell: Cell) -> dict[str, str]:
    """Return by name the digests of what the cell was made of: artifact, image, and the result of each of its tasks.

    A task is left out when the store does not hold its result for the project as it is now.
    """
    found = {"artifact": cell.artifact.sha256} if cell.artifact else {}
    found |= {"image": cell.image} if cell.image else {}
    entries = stored_entries(context_of(project, cell), tasks_of(project, cell))
    return {**found, **{task: entry.digest for task, entry in entries.items()}}


def _tasks(project: Project, cell: Cell) -> list[Task]:
    tasks = tasks_of(project, cell)
    if not tasks:
        raise ConfigurationError(
            f"{cell.name}: the project has no such cell any more; give its model's folder with --models, or run again"
        )
    return tasks


def _decisive(cell: Cell, tasks: Sequence[Task], entries: Mapping[str, Entry]) -> Task:
    """Return the task that a cell failed in; its run when it passed, or when what came out was judged.

    A reference that nobody can be judged by is found in the comparison, which leaves figures. Raise ConfigurationError
    where the files of own samples could not be read, or the metric alone decided: no task of a worker's failed; and
    where the second reference could not be made, whose payload no bundle holds.
    """
    unsampled = next((task for task in tasks if task.kind in get_args(Sampling) and task.id not in entries), None)
    if cell.stage == "reference" and unsampled is not None:
        if unsampled.kind.startswith("gather"):
            raise ConfigurationError(f"{cell.name}: nothing to reproduce, for the host read its samples: {cell.detail}")
        return unsampled
    if cell.fails == ("accuracy",) or cell.detail.startswith(f"{SCORER}:"):
        raise ConfigurationError(
            f"{cell.name}: nothing to reproduce: its answers are within their limits, and the metric decided: "
            f"{cell.detail}"
        )
    if cell.stage == "export":
        failed = [task for task in tasks if task.kind == "export" and task.step.name == cell.blame]
        if not failed:
            raise IncompleteRun(f"{cell.name}: its route no longer has the step {cell.blame}; run it again")
        return failed[-1]
    if cell.stage == "reference" and not cell.outputs and cell.blame is not None:
        raise ConfigurationError(
            f"{cell.name}: nothing to reproduce: what failed is {cell.blame}, and no runtime: {cell.detail}; "
            f"`{COMMAND} explain {cell.name}` names its log"
        )
    wanted = "reference" if cell.stage == "reference" and not cell.outputs else "run"
    return next(task for task in tasks if task.kind == wanted)


def _differs(cell: Cell, needs: Needs) -> bool:
    """Tell whether the artifact that a run would take is another than the one that the cell is about."""
    runs = needs.task.target is not None
    return runs and (cell.artifact is None or cell.artifact.sha256 != needs.source.sha256)
