"""Earlier runs: what changed since the newest one, and the state of each cell before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from deploymatrix.matrix.diff import Diff, diff
from deploymatrix.matrix.measurements import Measurement
from deploymatrix.matrix.records import Cell, Matrix
from deploymatrix.matrix.snapshots import CellState, States, snapshot


@dataclass(frozen=True, kw_only=True)
class History:
    """One earlier run. label: how the page names it."""

    label: str
    states: States

    def changes(self, matrix: Matrix, measurements: Mapping[str, Measurement]) -> Diff:
        """Compare this run with `matrix`, as `deploymatrix diff` does."""
        return diff(self.states, snapshot(matrix, measurements))

    def column(self, cells: Sequence[Cell]) -> list[list[str | float | None] | None]:
        """Return for each cell its outcome, share of the limit and bytes then; None for a cell that did not exist."""
        return [_past(self.states.cells.get(cell.name)) for cell in cells]


def _past(state: CellState | None) -> list[str | float | None] | None:
    return None if state is None else [state.outcome, state.headroom, state.bytes]
