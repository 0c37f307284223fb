"""Verdicts: each follows from the outcome of a cell, the expectations and the budgets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from deploymatrix.matrix.beside import name_beside
from deploymatrix.matrix.budgets import BudgetRecord, breaches, read_budgets, unmatched_budgets
from deploymatrix.matrix.expectations import judge, read_expectations, unmatched_entries
from deploymatrix.matrix.measurements import Measurement
from deploymatrix.matrix.records import Cell, ExpectationRecord, Matrix
from deploymatrix.project.plan import Selection, plan_cells
from deploymatrix.project.project import Project


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What decides verdicts. `today` is read once, so that midnight does not fall into a run."""

    expectations: tuple[ExpectationRecord, ...]
    budgets: tuple[BudgetRecord, ...]
    today: date


def read_rules(project: Project, expectations: Path | None = None, today: date | None = None) -> Rules:
    """Read the rules in the project's files and in the file `expectations`. `today`: by default the day in UTC."""
    return Rules(
        expectations=tuple(read_expectations(project, expectations)),
        budgets=tuple(read_budgets(project)),
        today=today or datetime.now(UTC).date(),
    )


def judged(
    cell: Cell, rules: Rules, times: Mapping[str, Measurement] | None = None, *, beside: Cell | None = None
) -> Cell:
    """Return the cell with its verdict. Without times, do not judge latency. beside: the cell that it stands beside."""
    judgement = judge(cell, rules.expectations, rules.today)
    verdict = judgement.verdict
    over = breaches(cell, rules.budgets, times, beside=beside) if verdict == "ok" else ()
    return cell.model_copy(
        update={
            "verdict": "over_budget" if over else verdict,
            "expectation": judgement.expectation,
            "over_budget": over,
        }
    )


def judged_matrix(
    matrix: Matrix,
    rules: Rules,
    project: Project,
    measurements: Mapping[str, Measurement] | None = None,
    recorded: Iterable[Cell] = (),
) -> Matrix:
    """Judge the matrix anew: files may have changed, and days may have passed, since it was written.

    recorded: all cells of the run, where the matrix holds selected ones alone; a cell may stand beside one of them.
    """
    by_name = {cell.name: cell for cell in (*recorded, *matrix.cells)}
    cells = tuple(judged(cell, rules, measurements, beside=by_name.get(name_beside(cell))) for cell in matrix.cells)
    unmatched = unmatched_rules(project, rules, {cell.target for cell in matrix.cells})
    return matrix.model_copy(update={"cells": cells, "unmatched": unmatched})


def unmatched_rules(project: Project, rules: Rules, targets: Iterable[str]) -> tuple[str, ...]:
    """Return a line for each entry and budget that matches no cell of the project. `targets`: the selected ones."""
    if not rules.expectations and not rules.budgets:
        return ()
    names = [cell.name for cell in plan_cells(project, Selection())]
    entries = unmatched_entries(rules.expectations, names, set(targets), set(project.targets))
    return tuple(entries + unmatched_budgets(rules.budgets, names))
