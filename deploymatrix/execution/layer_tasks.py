"""The tasks that look where noise enters: only for artifacts that lost too much, whoever runs them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from deploymatrix.execution.blame import fails_of
from deploymatrix.execution.outcomes import Done, Result
from deploymatrix.matrix.layers import LayerRecord
from deploymatrix.project.plan import PlannedCell, Task, compare_id, export_id, plan_tasks
from deploymatrix.project.project import Project
from deploymatrix.project.routes import layers_module

OF_THE_GRAPH = frozenset({"loss", "accuracy"})  # what no runtime is to blame for


def layer_tasks(project: Project, cells: Iterable[PlannedCell], results: Mapping[str, Result]) -> dict[str, Task]:
    """Return the tasks for the cells whose artifact is at fault and whose format says how to look, each once."""
    tasks: dict[str, Task] = {}
    for cell in cells:
        if cell.route is None or not OF_THE_GRAPH & set(fails_of(results[compare_id(cell)])):
            continue
        if layers_module(project, cell.target.spec.format).is_file():
            export = plan_tasks([cell])[export_id(cell.model, cell.route)]
            task = replace(export, id=layers_id(cell), kind="layers", artifact=export.id)
            tasks[task.id] = task
    return tasks


def layers_id(cell: PlannedCell) -> str:
    """Return the id of the task that looks where noise enters a cell's artifact, after that of its export."""
    assert cell.route is not None, f"{cell.name} has no route"
    return f"layers {export_id(cell.model, cell.route).removeprefix('export ')}"


def layers_of(cell: PlannedCell, results: Mapping[str, Result]) -> tuple[LayerRecord, ...]:
    """Return where the noise enters the cell's artifact, the worst layer first; nothing where nobody could look."""
    found = None if cell.route is None else results.get(layers_id(cell))
    if not isinstance(found, Done):
        return ()
    return tuple(LayerRecord.model_validate(layer) for layer in found.entry.about["layers"])
