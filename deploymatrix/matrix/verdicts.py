"""Verdicts: each follows from the outcome of a cell, the expectations and the budgets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from deploymatrix.matrix.budgets import BudgetRecord, breaches, read_budgets, unmatched_budgets
from deploymatrix.matrix.expectations import judge, read_expectations, unmatched_entries
from deploymatrix.matrix.records import Cell, ExpectationRecord, Matrix, Measurement
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


def judged(cell: Cell, rules: Rules, measurement: Measurement | None = None) -> Cell:
    """Return the cell with its verdict. Without a measurement, do not judge latency."""
    judgement = judge(cell, rules.expectations, rules.today)
    verdict = judgement.verdict
    over = breaches(cell, rules.budgets, measurement) if verdict == "ok" else ()
    return cell.model_copy(
        update={
            "verdict": "over_budget" if over else verdict,
            "expectation": judgement.expectation,
            "over_budget": over,
        }
    )


def judged_matrix(
    matrix: Matrix, rules: Rules, project: Project, measurements: Mapping[str, Measurement] | None = None
) -> Matrix:
    """Judge the matrix anew: files may have changed, and days may have passed, since it was written."""
    times = measurements or {}
    cells = tuple(judged(cell, rules, times.get(cell.name, _unmeasured(cell, measurements))) for cell in matrix.cells)
    unmatched = unmatched_rules(project, rules, {cell.target for cell in matrix.cells})
    return matrix.model_copy(update={"cells": cells, "unmatched": unmatched})


def unmatched_rules(project: Project, rules: Rules, targets: Iterable[str]) -> tuple[str, ...]:
    """Return a line for each entry and budget that matches no cell of the project. `targets`: the selected ones."""
    if not rules.expectations and not rules.budgets:
        return ()
    names = [cell.name for cell in plan_cells(project, Selection())]
    entries = unmatched_entries(rules.expectations, names, set(targets), set(project.targets))
    return tuple(entries + unmatched_budgets(rules.budgets, names))


def _unmeasured(cell: Cell, measurements: Mapping[str, Measurement] | None) -> Measurement | None:
    """Stand in for a missing measurement, so that its cell breaks a budget of latency rather than escapes it."""
    return None if measurements is None else Measurement(cell=cell.name, cached=False)
