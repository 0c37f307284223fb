"""A matrix of a tree's own plan, as if a run had decided it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from deploymatrix.execution.keys import Keys
from deploymatrix.matrix.files import write_matrix
from deploymatrix.matrix.locks import locks_of
from deploymatrix.matrix.output_records import OutputRecord, WorstRecord
from deploymatrix.matrix.records import Artifact, Cell, Matrix
from deploymatrix.project.model_specs import Tensor
from deploymatrix.project.plan import PlannedCell, Selection, plan_cells
from deploymatrix.store import digests
from tests.fakes.tree import Tree

Edit = Callable[[dict[str, Any]], Any]

LIMIT = 2e-6  # the floor of the tiny project's targets
COMPARED = ("passed", "unstable", "mismatch", "nonfinite", "io_mismatch")
ENTRIES = ("artifacts", "runs", "cells")


def write(tree: Tree, repairs: dict[str, tuple[str, ...]] | None = None, **outcomes: tuple[str, str | None]) -> None:
    """A matrix in which every cell passed but those of the given targets (None leaves one out), repaired by target."""
    project = tree.project()
    planned = plan_cells(project, Selection())
    inputs = Keys(project).current_inputs(planned)
    cells = [
        Cell(
            model=cell.model.name,
            framework=cell.model.spec.framework,
            family="other",
            target=cell.target.name,
            variant=cell.variant,
            route=() if cell.route is None else tuple(str(cell.route).split(" → ")),
            steps=() if cell.route is None else tuple(step.name for step in cell.route.steps),
            inputs=inputs[cell.name],
            detail="what happened",
            repairs=(repairs or {}).get(cell.target.name, ()),
            verdict="ok",
            **figures(cell, *outcomes.get(cell.target.name, ("passed", None))),
        )
        for cell in planned
        if outcomes.get(cell.target.name) != ("", None)
    ]
    matrix = Matrix(generator="test", isolation="process", locks=locks_of(project, planned), cells=tuple(cells))
    write_matrix(matrix, tree.build)


def edit(tree: Tree, change: Edit) -> None:
    """Change the record of npz, as somebody with an editor would."""
    path = tree.build / "matrix.json"
    matrix = json.loads(path.read_text(encoding="utf-8"))
    change(next(cell for cell in matrix["cells"] if cell["target"] == "npz"))
    path.write_text(json.dumps(matrix), encoding="utf-8")


def figures(cell: PlannedCell, outcome: str, stage: str | None) -> dict[str, Any]:
    """What a cell of that outcome holds: figures that bear it, where it was compared."""
    decided: dict[str, Any] = {"outcome": outcome, "stage": stage}
    if outcome not in COMPARED:
        return decided
    outputs = tuple(output(declared, outcome) for declared in cell.model.spec.outputs)
    return decided | {
        "isolation": "process",
        "artifact": Artifact(sha256="0" * 64, bytes=100),
        "samples": cell.model.spec.samples,
        "checks": ("repeat", "load"),
        "outputs": outputs,
        "drift": {outputs[0].name: 1.0} if outcome == "unstable" else {},
        "entries": {kind: digests.of_data([cell.name, kind]) for kind in ENTRIES},
    }


def output(declared: Tensor, outcome: str, samples: int = 4) -> OutputRecord:
    """The record of one output: a tenth of its limit, ten times its limit, or nothing that could be measured."""
    measured = outcome not in ("nonfinite", "io_mismatch")
    error = LIMIT * (10 if outcome == "mismatch" else 0.1)
    return OutputRecord(
        name=declared.name,
        dtype=declared.dtype,
        shape=declared.shape,
        max_abs=error if measured else None,
        error=error if measured else None,
        limit=LIMIT,
        headroom=error / LIMIT if measured else None,
        eager_error=1e-7,
        cosine=None,
        snr_db=None,
        sample_errors=(error,) * samples if measured else (),
        worst=_worst(error) if measured else None,
        problem=None if outcome in ("passed", "unstable") else f"{outcome}: what happened",
    )


def _worst(error: float) -> WorstRecord:
    return WorstRecord(
        axis=None,
        index=None,
        far=False,
        sample=0,
        error=error,
        limit=LIMIT,
        noise=1e-7,
        share=error / LIMIT,
        position=(0, 0),
        heat_axis=None,
        heat="",
    )
