"""The matrix as rows and columns, for every report that shows it as a table."""

from __future__ import annotations

from dataclasses import dataclass

from deploymatrix.matrix.budgets import worst_headroom
from deploymatrix.matrix.counts import count
from deploymatrix.matrix.records import Cell, Matrix


@dataclass(frozen=True, kw_only=True)
class Grid:
    """Rows are models, columns are targets (with the variant where there are several), sorted by name."""

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    cells: dict[tuple[str, str], Cell]


def grid(matrix: Matrix) -> Grid:
    """Lay out a matrix."""
    several = len({cell.variant for cell in matrix.cells}) > 1
    cells = {(cell.model, f"{cell.target} {cell.variant}" if several else cell.target): cell for cell in matrix.cells}
    return Grid(
        rows=tuple(sorted({row for row, _ in cells})),
        columns=tuple(sorted({column for _, column in cells})),
        cells=cells,
    )


def summary(matrix: Matrix) -> str:
    """Say in one line what is partial, what is red and what passed, and name the isolation."""
    return f"{count(matrix).sentence}; {matrix.circumstances}"


def cell_figure(cell: Cell) -> str:
    """Write the share of its limit that a cell's worst output uses, such as 4%; nothing where nobody measured it."""
    worst = worst_headroom(cell)
    return "" if worst is None else f"{worst:.0%}"
