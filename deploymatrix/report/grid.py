"""The matrix as rows and columns, for every report that shows it as a table."""

from __future__ import annotations

from dataclasses import dataclass

from deploymatrix.matrix.budgets import worst_headroom
from deploymatrix.matrix.records import VERDICTS_THAT_PASS, Cell, Matrix


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
    """Count in one line the cells of each outcome, and name the isolation."""
    counts: dict[str, int] = {}
    for cell in matrix.cells:
        counts[cell.outcome] = counts.get(cell.outcome, 0) + 1
    parts = [f"{count} {outcome}" for outcome, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))]
    return f"{len(matrix.cells)} cells: {', '.join(parts)}; isolation: {matrix.isolation}"


def cell_figure(cell: Cell) -> str:
    """Write the share of its limit that a cell's worst output uses, such as 4%; nothing where nobody measured it."""
    worst = worst_headroom(cell)
    return "" if worst is None else f"{worst:.0%}"


def headline(matrix: Matrix) -> str:
    """Say how many cells are red, or that none is."""
    red, total = len(red_cells(matrix)), len(matrix.cells)
    text = f"{red} of {total} cells are red" if red else f"all {total} cells passed or failed as expected"
    return text + (f", {len(matrix.unmatched)} entries match no cell" if matrix.unmatched else "")


def red_cells(matrix: Matrix) -> list[Cell]:
    """List the cells that close the gate."""
    return [cell for cell in matrix.cells if cell.verdict not in VERDICTS_THAT_PASS]
