"""Budgets: the most that a cell may use and still pass: bytes, time against eager, share of the error limit.

They stand in budgets.toml, or under [budgets] in deploymatrix.toml, as `[budgets."<cell pattern>"]`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from deploymatrix.errors import ConfigurationError
from deploymatrix.matrix.records import Cell, Measurement
from deploymatrix.project.project import Project
from deploymatrix.project.specs import Budget, BudgetsFile
from deploymatrix.project.toml_files import read_spec
from deploymatrix.project.trees import SETTINGS, read_settings

FILE = "budgets.toml"


@dataclass(frozen=True, kw_only=True)
class BudgetRecord:
    """A budget, the pattern of its cells, and the file that sets it."""

    cell: str
    limits: Budget
    file: str


def read_budgets(project: Project) -> list[BudgetRecord]:
    """Read all budgets in their order. Raise ConfigurationError for a wrong file, or when two files set budgets."""
    path = project.root / FILE
    shared = read_settings(project.root).budgets
    own = read_spec(path, BudgetsFile).budgets if path.is_file() else {}
    if own and shared:
        raise ConfigurationError(f"{path}: {SETTINGS} has [budgets], too; keep one of the two")
    file = FILE if own else SETTINGS
    return [BudgetRecord(cell=cell, limits=limits, file=file) for cell, limits in (own or shared).items()]


def breaches(cell: Cell, budgets: Iterable[BudgetRecord], measurement: Measurement | None) -> tuple[str, ...]:
    """Return a line for each limit that a cell exceeds. Without a measurement, do not judge latency."""
    breached: list[str] = []
    for budget in budgets:
        if fnmatchcase(cell.name, budget.cell):
            lines = [_size(cell, budget.limits), _headroom(cell, budget.limits)]
            lines += [_latency(measurement, budget.limits)] if measurement else []
            breached += [f'{line} ({budget.file}: budgets."{budget.cell}")' for line in lines if line]
    return tuple(breached)


def unmatched_budgets(budgets: Iterable[BudgetRecord], names: Collection[str]) -> list[str]:
    """Return a line for each budget that matches no cell of the project."""
    return [
        f'{b.file}: budgets."{b.cell}" matches no planned cell; correct its pattern or remove it'
        for b in budgets
        if not any(fnmatchcase(name, b.cell) for name in names)
    ]


def worst_headroom(cell: Cell) -> float | None:
    """Return the largest share of its limit that an output uses; None where nothing was measured."""
    return max((output.headroom for output in cell.outputs if output.headroom is not None), default=None)


def latency_ratio(measurement: Measurement) -> float | None:
    """Return the run's median over eager float32 on the same machine; None where one of them was not measured."""
    if measurement.run_s is None or not measurement.eager_s:
        return None
    return measurement.run_s / measurement.eager_s


def _size(cell: Cell, limits: Budget) -> str | None:
    if limits.bytes is None or cell.artifact is None or cell.artifact.bytes <= limits.bytes:
        return None
    return f"artifact is {cell.artifact.bytes:,} bytes, over {limits.bytes:,}"


def _headroom(cell: Cell, limits: Budget) -> str | None:
    used = worst_headroom(cell)
    if limits.headroom is None or used is None or used <= limits.headroom:
        return None
    return f"uses {used:.3g} of its error limit, over {limits.headroom:g}"


def _latency(measurement: Measurement, limits: Budget) -> str | None:
    if limits.latency_ratio is None:
        return None
    ratio = latency_ratio(measurement)
    if ratio is None:
        return "latency against eager was not measured; run the cell with --fresh"
    over = ratio > limits.latency_ratio
    return f"median latency is {ratio:.3g} times eager float32, over {limits.latency_ratio:g} times" if over else None
