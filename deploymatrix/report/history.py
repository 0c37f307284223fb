"""Earlier matrices beside the one reported on: what changed since the newest, and what each cell was before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from deploymatrix.records import VERDICTS_THAT_PASS, Cell, Matrix
from deploymatrix.report.grid import worst_headroom

Change = Literal["added", "regressed", "fixed", "changed"]


@dataclass(frozen=True, kw_only=True)
class Changes:
    """The cells that are not as they were (by name), and the names of those that are gone."""

    classes: dict[str, Change]
    removed: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class History:
    """One earlier matrix. label: how the page names it."""

    label: str
    cells: dict[str, Cell]

    @classmethod
    def of(cls, label: str, matrix: Matrix) -> History:
        return cls(label=label, cells={cell.name: cell for cell in matrix.cells})

    def compare(self, cells: Sequence[Cell]) -> Changes:
        """What changed from this matrix to `cells`: whether it is red, its outcome, stage or blame."""
        present = {cell.name for cell in cells}
        classes = {cell.name: change for cell in cells if (change := _change(self.cells.get(cell.name), cell))}
        return Changes(classes=classes, removed=tuple(sorted(self.cells.keys() - present)))

    def column(self, cells: Sequence[Cell]) -> list[list[str | float | None] | None]:
        """For each cell: its outcome, verdict, share of the limit and bytes then; None where it was not there."""
        return [_past(self.cells.get(cell.name)) for cell in cells]


def _change(before: Cell | None, now: Cell) -> Change | None:
    if before is None:
        return "added"
    was_good, is_good = before.verdict in VERDICTS_THAT_PASS, now.verdict in VERDICTS_THAT_PASS
    if was_good != is_good:
        return "fixed" if is_good else "regressed"
    same = (before.outcome, before.stage, before.blame) == (now.outcome, now.stage, now.blame)
    return None if same else "changed"


def _past(cell: Cell | None) -> list[str | float | None] | None:
    if cell is None:
        return None
    worst = worst_headroom(cell)
    size = cell.artifact.bytes if cell.artifact else None
    return [cell.outcome, cell.verdict, None if worst is None else float(f"{worst:.3g}"), size]
