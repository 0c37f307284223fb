"""A release decided: the present plan, the matrix as it is on disk, and what the gate makes of the two."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from deploymatrix.execution.keys import Keys
from deploymatrix.execution.reads import changed_reads
from deploymatrix.matrix.diff import Diff
from deploymatrix.matrix.diff import diff as compare
from deploymatrix.matrix.doubts import doubts
from deploymatrix.matrix.files import MATRIX, MEASUREMENTS, read_matrix, read_measurements
from deploymatrix.matrix.gate import Decision, gate
from deploymatrix.matrix.snapshots import read_states, snapshot
from deploymatrix.matrix.verdicts import judged_matrix, read_rules
from deploymatrix.project.plan import PlannedCell, Selection, plan_cells

if TYPE_CHECKING:
    from deploymatrix.matrix.gate import Refusable
    from deploymatrix.matrix.measurements import Measurement
    from deploymatrix.matrix.records import Matrix
    from deploymatrix.project.project import Project


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What a release is held to. `expectations`: a file beside the targets' own. `baseline`: what must not regress.

    `read_artifacts`: whether the artifacts in the store are read, and not only their records.
    """

    selection: Selection = field(default_factory=Selection)
    expectations: Path | None = None
    baseline: Path | None = None
    refuse: Collection[Refusable] = ()
    read_artifacts: bool = False


@dataclass(frozen=True, kw_only=True)
class Release:
    """What was decided. `matrix`: the selected cells, judged anew. `difference`: from the baseline, if there is one."""

    plan: tuple[PlannedCell, ...]
    matrix: Matrix
    decision: Decision
    difference: Diff | None


def decide(project: Project, terms: Terms) -> Release:
    """Decide on the last run. Nothing is executed, and nothing in the build folder changes.

    Raise ConfigurationError, NothingSelected; IncompleteRun where there is no matrix.
    """
    planned, plan = plan_cells(project, terms.selection), plan_cells(project, terms.selection.whole)
    every = plan if terms.selection.whole == Selection() else plan_cells(project, Selection())
    names, whole = {cell.name for cell in planned}, {cell.name for cell in every}
    recorded, times = read_matrix(project.build / MATRIX), read_measurements(project.build / MEASUREMENTS)
    found = doubts(project, every, recorded, read_artifacts=terms.read_artifacts)
    doubted = {name: lines for name, lines in found.items() if name in names or name not in whole}
    selected = recorded.model_copy(update={"cells": tuple(cell for cell in recorded.cells if cell.name in names)})
    judged = judged_matrix(selected, read_rules(project, terms.expectations), project, times, recorded.cells)
    difference = _since(terms.baseline, whole, judged, times) if terms.baseline is not None else None
    decision = gate(
        planned,
        judged,
        Keys(project).current_inputs(planned),
        difference.of("regressed") if difference else (),
        changed_reads(project, judged.cells),
        whole=len(plan),
        refuse=terms.refuse,
        doubts=doubted,
    )
    return Release(plan=tuple(plan), matrix=judged, decision=decision, difference=difference)


def _since(baseline: Path, whole: Collection[str], judged: Matrix, times: dict[str, Measurement]) -> Diff:
    """Compare the judged cells, and those that are no longer among the project's `whole` plan, with a baseline."""
    before = read_states(baseline)
    decided = {cell.name for cell in judged.cells if cell.outcome != "missing"}
    return compare(before, snapshot(judged, times), scope=decided | (set(before.cells) - set(whole)))
