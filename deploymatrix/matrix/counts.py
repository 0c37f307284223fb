"""One count of outcomes and verdicts. Page, summary, badges, terminal, the last line of `run` and the gate all take it.

A cell that passed is one whose verdict is `ok`, and no other: a cell over its budget or one that passes against an
entry has words of its own, is red, and is never counted as passed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from deploymatrix.matrix.records import VERDICTS_THAT_PASS, Cell, Matrix, Verdict

PASSED, EXPECTED = "passed", "failed as expected"
AT_FIXED_SIZES = "at fixed sizes only"
# What a cell is called by its verdict. A cell that merely failed is called by its outcome.
STANDINGS: dict[Verdict, str] = {
    "ok": PASSED,
    "expected": EXPECTED,
    "over_budget": "over budget",
    "unexpected_pass": "unexpected pass",
    "unexpected_outcome": "unexpected outcome",
    "expired": "expired entry",
}


@dataclass(frozen=True, kw_only=True)
class Counts:
    """How many cells stand how. red: by standing, `missing` among them. unmatched: entries without a cell, red too.

    planned: cells of the project's whole plan; None where a selection did not record it.
    static: those of the passed whose artifact has fixed sizes where the model has free ones. exported: those whose
    runtime runs on another system, among the expected ones or the red.
    """

    cells: int
    passed: int
    expected: int
    red: dict[str, int]
    missing: int
    unmatched: int
    planned: int | None
    static: int = 0
    exported: int = 0

    @property
    def red_cells(self) -> int:
        return sum(self.red.values())

    @property
    def all_red(self) -> int:
        """Red cells and entries without a cell: what makes the exit code 1."""
        return self.red_cells + self.unmatched

    @property
    def decided(self) -> int:
        return self.cells - self.missing

    @property
    def is_partial(self) -> bool:
        """Tell whether the project plans cells that have no result here."""
        return self.planned is None or self.decided < self.planned

    @property
    def partial(self) -> str:
        """What stands before everything else, such as "partial: 2 of 42 planned cells"; empty for a whole plan."""
        if not self.is_partial:
            return ""
        return f"partial: {self.decided} of {'the' if self.planned is None else f'{self.planned:,}'} planned cells"

    @property
    def headline(self) -> str:
        """What is red, or that nothing is; the text of the last line of `run` without what is partial."""
        words = [f"{count} {word}" for word, count in self.red.items()]
        words += [f"{self.unmatched} {'entry' if self.unmatched == 1 else 'entries'} without a cell"] * bool(
            self.unmatched
        )
        green = "none red" if self.exported else "all of these green" if self.is_partial else "all green"
        said = f"{self.all_red} red: {', '.join(words)}" if self.all_red else green
        expected = f", {self.expected} {EXPECTED}" if self.expected else ""
        fixed = f", {self.static} of them {AT_FIXED_SIZES}" if self.static else ""
        exported = f", {self.exported} of these exported, not run" if self.exported else ""
        return f"{said}; {self.passed} of {plural(self.cells)} passed{fixed}{expected}{exported}"

    @property
    def sentence(self) -> str:
        """One line that agrees with the exit code: what is partial, what is red, what passed."""
        return "; ".join(filter(None, [self.partial, self.headline]))


def standing(cell: Cell) -> str:
    """Return what a cell is called: by its verdict, or by its outcome where it merely failed."""
    if cell.verdict == "failed":
        return cell.said if cell.outcome != "passed" else "not judged"
    return STANDINGS[cell.verdict]


def count(matrix: Matrix) -> Counts:
    """Count the cells of a matrix, and tell how much of the project's plan it is."""
    whole = matrix.planned
    if whole is None and not matrix.selection:
        whole = len(matrix.shard.cells) if matrix.shard else len(matrix.cells)
    return count_cells(matrix.cells, planned=whole, unmatched=len(matrix.unmatched))


def count_cells(cells: Iterable[Cell], *, planned: int | None, unmatched: int = 0) -> Counts:
    """Count some cells of a plan of `planned` ones."""
    listed = list(cells)
    red = Counter(standing(cell) for cell in listed if is_red(cell))
    return Counts(
        cells=len(listed),
        passed=sum(cell.verdict == "ok" for cell in listed),
        expected=sum(cell.verdict == "expected" for cell in listed),
        red=dict(sorted(red.items(), key=lambda item: (-item[1], item[0]))),
        missing=sum(cell.outcome == "missing" for cell in listed),
        unmatched=unmatched,
        planned=planned,
        static=sum(cell.verdict == "ok" and bool(cell.static) for cell in listed),
        exported=sum(cell.outcome == "exported" for cell in listed),
    )


def is_red(cell: Cell) -> bool:
    """Tell whether a cell closes the gate."""
    return cell.verdict not in VERDICTS_THAT_PASS


def red_cells(matrix: Matrix) -> list[Cell]:
    """List the cells that close the gate."""
    return [cell for cell in matrix.cells if is_red(cell)]


def plural(cells: int) -> str:
    return f"{cells:,} cell{'' if cells == 1 else 's'}"
