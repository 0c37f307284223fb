"""The gate: whether a release may go out. Every planned cell must have passed or carry a matching expectation.

Besides, figures must bear what the record says, every entry must match a cell, and no cell may have regressed against a
baseline.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from deploymatrix.matrix.counts import Counts, count_cells, is_red
from deploymatrix.matrix.diff import CellDiff
from deploymatrix.matrix.layers import entering
from deploymatrix.matrix.records import VERDICTS_THAT_PASS, Cell, Matrix
from deploymatrix.project.plan import PlannedCell

# What a caller may refuse although the cell passed.
Refusable = Literal["repairs", "warnings", "static"]


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What the gate decides: which cells are red, and which planned cells the matrix does not hold.

    counts: of the cells with a result that is not stale. passed: of these, what is not refused.
    stale: cells whose result comes from files that have changed since.
    changed_reads: by cell, those of these files that user code was seen to read.
    unmatched: lines about entries that match no cell. regressed: cells that passed in the baseline and no longer do.
    refused: by cell that would pass, the reasons why it is not taken: what the caller refuses, and what is in doubt.
    warned: cells that pass although their exporters warned. static: cells that pass at fixed sizes only.
    evidence: lines about a statement that says something else than the matrix.
    """

    red: tuple[Cell, ...]
    missing: tuple[str, ...]
    stale: tuple[str, ...]
    expected: tuple[Cell, ...]
    counts: Counts
    passed: int
    unmatched: tuple[str, ...] = ()
    regressed: tuple[CellDiff, ...] = ()
    changed_reads: Mapping[str, Sequence[str]] = field(default_factory=dict)
    refused: Mapping[str, Sequence[str]] = field(default_factory=dict)
    warned: tuple[str, ...] = ()
    static: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()

    @property
    def is_open(self) -> bool:
        return not self.is_red and not self.is_incomplete

    @property
    def is_red(self) -> bool:
        return bool(self.red or self.unmatched or self.regressed or self.refused or self.evidence)

    @property
    def is_incomplete(self) -> bool:
        return bool(self.missing or self.stale)


def gate(
    planned: Iterable[PlannedCell],
    matrix: Matrix,
    inputs: Mapping[str, str],
    regressed: Sequence[CellDiff] = (),
    changed_reads: Mapping[str, Sequence[str]] | None = None,
    *,
    whole: int | None = None,
    refuse: Collection[Refusable] = (),
    doubts: Mapping[str, Sequence[str]] | None = None,
) -> Decision:
    """Decide on the planned cells. The plan, not the matrix, says which cells there must be.

    inputs: by cell, the digest of the present files that its result depends on. changed_reads: by cell, the files that
    user code read beside these and that are no longer as they were. whole: how many cells the project plans, where
    `planned` are only the selected ones. refuse: a cell that passed only as repaired by a step, one whose
    exporters warned, or one that passed at fixed sizes where the model has free ones, closes the gate, too. doubts: by
    cell, why its record is not believed; a cell that nobody planned is in doubt, too.
    """
    changed_reads, doubts = changed_reads or {}, doubts or {}
    cells = {cell.name: cell for cell in matrix.cells}
    names = [cell.name for cell in planned]
    results = [cells[name] for name in names if name in cells and cells[name].outcome != "missing"]
    present = {cell.name for cell in results}
    stale = {cell.name for cell in results if cell.inputs != inputs[cell.name] or cell.name in changed_reads}
    results = [cell for cell in results if cell.name not in stale]
    refusals = {cell.name: _refusals(cell, refuse, doubts.get(cell.name, ())) for cell in results}
    refusals |= {name: list(lines) for name, lines in doubts.items() if name not in set(names)}
    refusals = {name: reasons for name, reasons in refusals.items() if reasons}
    taken = [cell for cell in results if cell.name not in refusals]
    return Decision(
        red=tuple(cell for cell in results if is_red(cell)),
        missing=tuple(name for name in names if name not in present),
        stale=tuple(name for name in names if name in stale),
        expected=tuple(cell for cell in taken if cell.verdict == "expected"),
        passed=sum(cell.verdict == "ok" for cell in taken),
        warned=tuple(cell.name for cell in taken if cell.verdict == "ok" and cell.warnings),
        static=tuple(cell.name for cell in taken if cell.verdict == "ok" and cell.static),
        counts=count_cells(results, planned=len(names) if whole is None else whole, unmatched=len(matrix.unmatched)),
        unmatched=matrix.unmatched,
        regressed=tuple(regressed),
        changed_reads=changed_reads,
        refused=refusals,
    )


def _refusals(cell: Cell, refuse: Collection[Refusable], doubts: Sequence[str]) -> list[str]:
    """Say why a cell that would pass is not taken; one that would not is red already."""
    if cell.verdict not in VERDICTS_THAT_PASS:
        return []
    reasons = list(doubts)
    if cell.verdict == "ok" and "repairs" in refuse and cell.repairs:
        reasons.append(f"passed with a repair of {', '.join(cell.repairs)}, which --no-repairs refuses")
    if cell.verdict == "ok" and "warnings" in refuse and cell.warnings:
        rules = sorted({warning.rule for warning in cell.warnings})
        reasons.append(f"its exporters warned: {', '.join(rules)}, which --no-warnings refuses")
    if cell.verdict == "ok" and "static" in refuse and cell.static:
        reasons.append(f"passed at fixed sizes only ({cell.fixed}), which --no-static refuses")
    return reasons


def explain_red(cell: Cell) -> str:
    """Say in one line what is wrong with a red cell, and what to edit where an entry is at fault."""
    entry = cell.expectation
    if cell.verdict == "unexpected_pass" and entry:
        return (
            f"{cell.name}: unexpected pass: {entry.file} expects {entry.outcome}; remove that entry "
            f'(cell = "{entry.cell}")'
        )
    if cell.verdict == "over_budget":
        return f"{cell.name}: over budget: {'; '.join(cell.over_budget)}; make it fit, or raise that budget"
    what = f"{cell.said} in stage {cell.stage}" if cell.stage else cell.said
    blamed = f", blamed on {cell.blame}" if cell.blame else ""
    first_line = cell.detail.splitlines()[0] if cell.detail else ""
    said = "; ".join(part for part in (first_line, entering(cell.layers)) if part)
    return f"{cell.name}: {what}{blamed}{_about_entry(cell)}" + (f": {said}" if said else "")


def _about_entry(cell: Cell) -> str:
    """Say in brackets what the matching entry expects, and, where it no longer holds, what to edit."""
    entry = cell.expectation
    if entry is None:
        return ""
    expects = f"{entry.file} expects {entry.outcome}" + (f" in stage {entry.stage}" if entry.stage else "")
    edit = {
        "unexpected_outcome": f'; repair the cell, or correct the entry for cell = "{entry.cell}"',
        "expired": f' until {entry.expires}; repair the cell, or renew `expires` for cell = "{entry.cell}"',
    }.get(cell.verdict, "")
    return f" ({expects}{edit})"
