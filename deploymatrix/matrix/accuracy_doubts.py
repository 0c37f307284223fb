"""Doubts about a cell's accuracy: whether it is by the project's metric, over enough samples, and within its budget."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from deploymatrix.project.limits import drop_of

if TYPE_CHECKING:
    from deploymatrix.matrix.records import Cell
    from deploymatrix.project.plan import PlannedCell

UNMEASURED = frozenset({"io_mismatch", "reference_failed"})  # answers under other names are scored by nobody


def accuracy_doubts(planned: PlannedCell, cell: Cell) -> Iterator[str]:
    """Yield where the accuracy is not of the model's metric and budget, or is not there although it decides."""
    spec, found, budget = planned.model.spec, cell.accuracy, drop_of(planned.model, planned.variant)
    if found is None:
        if budget is not None and cell.outcome not in UNMEASURED:
            yield "it has no accuracy, and the model has a metric"
        return
    kind = spec.metric.kind if spec.metric is not None else "agreement" if spec.deciding is not None else "none"
    if (found.kind, found.output) != (kind, spec.scored_output):
        said, wanted = f"{found.kind} of {found.output or 'all'}", f"{kind} of {spec.scored_output or 'all'}"
        yield f"its accuracy is {said}, the model's {wanted}"
    if found.budget != budget:
        yield f"its accuracy may drop by {found.budget}, the project says {budget}"
    if found.kind == "agreement" and found.samples != cell.samples:
        yield f"its agreement is of {found.samples} samples, the cell has {cell.samples}"
