"""A matrix of a tree's own plan, as if a run had decided it."""

from __future__ import annotations

from deploymatrix.execution.keys import Keys
from deploymatrix.matrix.files import write_matrix
from deploymatrix.matrix.records import Cell, Matrix
from deploymatrix.project.plan import Selection, plan_cells
from tests.fakes.tree import Tree


def write(tree: Tree, repairs: dict[str, tuple[str, ...]] | None = None, **outcomes: tuple[str, str | None]) -> None:
    """A matrix in which every cell passed but those of the given targets (None leaves one out), repaired by target."""
    project = tree.project()
    planned = plan_cells(project, Selection())
    inputs = Keys(project).current_inputs(planned)
    cells = [
        Cell(
            model=cell.model.name,
            framework="numpy",
            family="other",
            target=cell.target.name,
            variant=cell.variant,
            route=(),
            steps=(),
            inputs=inputs[cell.name],
            outcome=outcomes.get(cell.target.name, ("passed", None))[0],  # type: ignore[arg-type]
            stage=outcomes.get(cell.target.name, ("passed", None))[1],  # type: ignore[arg-type]
            detail="what happened",
            repairs=(repairs or {}).get(cell.target.name, ()),
            verdict="ok",
        )
        for cell in planned
        if outcomes.get(cell.target.name) != ("", None)
    ]
    write_matrix(Matrix(generator="test", isolation="process", cells=tuple(cells)), tree.build)
