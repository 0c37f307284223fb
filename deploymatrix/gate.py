"""The gate: whether a release may go out. Every planned cell must have passed or carry a matching expectation."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from deploymatrix.plan import PlannedCell
from deploymatrix.records import VERDICTS_THAT_PASS, Cell, Matrix


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What the gate says: which cells are red, and which planned cells the matrix does not hold."""

    red: tuple[Cell, ...]
    missing: tuple[str, ...]
    expected: tuple[Cell, ...]
    passed: int

    @property
    def is_open(self) -> bool:
        return not self.red and not self.missing

    @property
    def is_incomplete(self) -> bool:
        return bool(self.missing)


def gate(planned: Iterable[PlannedCell], matrix: Matrix) -> Decision:
    """Decide on the planned cells. The plan, not the matrix, says which cells there must be."""
    cells = {cell.name: cell for cell in matrix.cells}
    names = [cell.name for cell in planned]
    held = [cells[name] for name in names if name in cells and cells[name].outcome != "missing"]
    present = {cell.name for cell in held}
    return Decision(
        red=tuple(cell for cell in held if cell.verdict not in VERDICTS_THAT_PASS),
        missing=tuple(name for name in names if name not in present),
        expected=tuple(cell for cell in held if cell.verdict == "expected"),
        passed=sum(cell.verdict == "ok" for cell in held),
    )


def explain_red(cell: Cell) -> str:
    """One line: what is wrong with a red cell, and what to edit where an entry is at fault."""
    if cell.verdict == "unexpected_pass" and cell.expectation:
        return f"{cell.name}: passed, but {cell.expectation.file} expects {cell.expectation.outcome}; remove that entry"
    what = f"{cell.outcome} in stage {cell.stage}" if cell.stage else cell.outcome
    blamed = f", blamed on {cell.blame}" if cell.blame else ""
    expected = f" ({cell.expectation.file} expects {cell.expectation.outcome})" if cell.expectation else ""
    first_line = cell.detail.splitlines()[0] if cell.detail else ""
    return f"{cell.name}: {what}{blamed}{expected}" + (f": {first_line}" if first_line else "")
