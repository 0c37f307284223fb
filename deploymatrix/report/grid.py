"""The matrix as rows and columns, for every report that shows it as a table."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

from deploymatrix.matrix.budgets import worst_headroom
from deploymatrix.matrix.counts import count
from deploymatrix.matrix.records import Cell, Matrix

By = Literal["model", "family", "target"]
WIDE = 14  # targets: beyond, and with fewer models than that, targets are rows


class Row(NamedTuple):
    """A row: of a model in one variant; in all of them, where the matrix has only one, under the name "".

    `model`: the target's name where targets are rows.
    """

    model: str
    variant: str


@dataclass(frozen=True, kw_only=True)
class Grid:
    """Rows are models, with one for each variant where there are several; columns are targets; both sorted by name.

    `of`: what rows are, "model" or "target"; then columns are models. `sections` are the rows by family, by class of
    target, or all rows under no name. A variant that others stand beside is a model's first.
    """

    of: Literal["model", "target"]
    sections: dict[str, tuple[Row, ...]]
    columns: tuple[str, ...]
    cells: dict[tuple[Row, str], Cell]

    @cached_property  # asked for each row
    def has_variants(self) -> bool:
        return any(row.variant for row, _ in self.cells)

    def row(self, row: Row) -> list[Cell | None]:
        """Return a row's cells, None where there is none."""
        return [self.cells.get((row, column)) for column in self.columns]

    def passed(self, section: str) -> list[str]:
        """Write for each column how many of a section's cells passed, such as 3/4; nothing where there are none."""
        columns = [
            [cell for cell in column if cell] for column in zip(*map(self.row, self.sections[section]), strict=True)
        ]
        return [f"{sum(cell.outcome == 'passed' for cell in each)}/{len(each)}" if each else "" for each in columns]


def readable(matrix: Matrix, by: By) -> By:
    """Return what rows are where a reader left that open: targets, where these are too many for columns."""
    models, targets = ({getattr(cell, name) for cell in matrix.cells} for name in ("model", "target"))
    return "target" if by == "model" and WIDE < len(targets) > len(models) else by


def grid(matrix: Matrix, by: By = "model") -> Grid:
    """Lay out a matrix."""
    several = len({cell.variant for cell in matrix.cells}) > 1
    cells = {}
    for cell in matrix.cells:
        down, across = (cell.target, cell.model) if by == "target" else (cell.model, cell.target)
        cells[Row(down, cell.variant if several else ""), across] = cell
    whole = {cell.beside for cell in matrix.cells}
    families: dict[str, set[Row]] = {}
    for (row, _), cell in cells.items():
        section = {"model": "", "family": cell.family, "target": cell.target_class}[by]
        families.setdefault(section, set()).add(row)
    return Grid(
        of="target" if by == "target" else "model",
        sections={
            family: tuple(sorted(families[family], key=lambda row: (row.model, row.variant not in whole, row.variant)))
            for family in sorted(families)
        },
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
