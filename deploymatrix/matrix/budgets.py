"""Budgets: the most that a cell may use and still pass: bytes, time, share of the error limit, loss of accuracy.

They stand in budgets.toml, or under [budgets] in deploymatrix.toml, as `[budgets."<cell pattern>"]` or
`[budgets.<variant>]`. What a budget limits and nobody measured breaks it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from deploymatrix.errors import ConfigurationError
from deploymatrix.matrix.beside import latency_beside, name_beside, size_ratio
from deploymatrix.matrix.measurements import Measurement
from deploymatrix.matrix.records import Cell
from deploymatrix.project.project import Project
from deploymatrix.project.specs import Budget, BudgetsFile
from deploymatrix.project.toml_files import read_spec
from deploymatrix.project.trees import SETTINGS, read_settings

FILE = "budgets.toml"


@dataclass(frozen=True, kw_only=True)
class BudgetRecord:
    """A budget, the pattern of its cells or of their variants, and the file that sets it."""

    cell: str
    limits: Budget
    file: str

    def covers(self, name: str) -> bool:
        return fnmatchcase(name, self.cell) or fnmatchcase(name.split("/")[-1], self.cell)


def read_budgets(project: Project) -> list[BudgetRecord]:
    """Read all budgets in their order. Raise ConfigurationError for a wrong file, or when two files set budgets."""
    path = project.root / FILE
    shared = read_settings(project.root).budgets
    own = read_spec(path, BudgetsFile).budgets if path.is_file() else {}
    if own and shared:
        raise ConfigurationError(f"{path}: {SETTINGS} has [budgets], too; keep one of the two")
    file = FILE if own else SETTINGS
    return [BudgetRecord(cell=cell, limits=limits, file=file) for cell, limits in (own or shared).items()]


def breaches(
    cell: Cell,
    budgets: Iterable[BudgetRecord],
    times: Mapping[str, Measurement] | None = None,
    *,
    beside: Cell | None = None,
) -> tuple[str, ...]:
    """Return a line for each limit that a cell exceeds, or of which nobody can tell.

    times: by cell; without them, latency is not judged. beside: the cell that this one stands beside.
    """
    breached: list[str] = []
    for budget in budgets:
        if budget.covers(cell.name):
            limits = budget.limits
            lines = [_size(cell, limits), _size_ratio(cell, beside, limits), _headroom(cell, limits)]
            lines += [_accuracy(cell, limits), None if times is None else _latency(cell, times, limits)]
            breached += [f'{line} ({budget.file}: budgets."{budget.cell}")' for line in lines if line]
    return tuple(breached)


def unmatched_budgets(budgets: Iterable[BudgetRecord], names: Collection[str]) -> list[str]:
    """Return a line for each budget that matches no cell of the project."""
    return [
        f'{b.file}: budgets."{b.cell}" matches no planned cell; correct its pattern or remove it'
        for b in budgets
        if not any(map(b.covers, names))
    ]


def worst_headroom(cell: Cell) -> float | None:
    """Return the largest share of a limit that an output uses, by loss or fidelity; None where nothing was measured."""
    used = [output.headroom for output in cell.outputs if output.headroom is not None]
    used += [output.fidelity.share for output in cell.outputs if output.fidelity is not None]
    return max(used, default=None)


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


def _size_ratio(cell: Cell, beside: Cell | None, limits: Budget) -> str | None:
    if limits.size_ratio is None or not cell.beside:
        return None
    ratio = size_ratio(cell, beside)
    if ratio is None:
        return f"artifact's size beside {name_beside(cell)} is not known; run that cell, too"
    over = ratio > limits.size_ratio
    return f"artifact is {ratio:.3g} times as large as in {cell.beside}, over {limits.size_ratio:g}" if over else None


def _accuracy(cell: Cell, limits: Budget) -> str | None:
    if limits.accuracy_drop is None:
        return None
    found = cell.accuracy
    if found is None or found.drop is None:
        return "accuracy was not measured; give the model a [metric], or leave it out of this budget"
    over = not found.drop <= limits.accuracy_drop
    return f"accuracy ({found.kind}) drops by {found.drop:.3g}, over {limits.accuracy_drop:g}" if over else None


def _latency(cell: Cell, times: Mapping[str, Measurement], limits: Budget) -> str | None:
    if limits.latency_ratio is None or cell.device or cell.emulated:  # that is no latency
        return None
    measured = times.get(cell.name)
    if cell.beside:
        ratio, than = latency_beside(measured, times.get(name_beside(cell))), f"that of {cell.beside}"
        unknown = f"latency beside {name_beside(cell)} was not measured on one machine; run both cells with --fresh"
    else:
        ratio, than = latency_ratio(measured) if measured else None, "eager float32"
        unknown = "latency against eager was not measured; run the cell with --fresh"
    if ratio is None:
        return unknown
    over = ratio > limits.latency_ratio
    return f"median latency is {ratio:.3g} times {than}, over {limits.latency_ratio:g} times" if over else None
