"""The record of one mutant in one cell, from what the comparison said of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deploymatrix.selftest.records import Mutant

if TYPE_CHECKING:
    from deploymatrix.project.plan import PlannedCell
    from deploymatrix.project.project import Model
    from deploymatrix.selftest.judging import Judgement
    from deploymatrix.selftest.kinds import Kind


def judged_record(
    cell: PlannedCell, kind: Kind, change: str, fate: str, judgement: Judgement, distance: float | None, fault: str = ""
) -> Mutant:
    """Return the record of a mutant that could be judged."""
    update = {
        "outcome": judgement.outcome,
        "draws": judgement.draws,
        "share": judgement.share,
        "distance": distance,
        "fault": fault,
    }
    return record(cell.model, cell, kind, change, fate, judgement.detail).model_copy(update=update)


def record(model: Model, cell: PlannedCell | None, kind: Kind, change: str, fate: str, detail: str) -> Mutant:
    """Return the record of a mutant; without a cell where it never came to one."""
    return Mutant.model_validate(
        {
            "model": model.name,
            "target": cell.target.name if cell else "",
            "variant": cell.variant if cell else "",
            "format": cell.target.spec.format if cell else "",
            "kind": kind.name,
            "family": kind.family,
            "change": change,
            "fate": fate,
            "outcome": "",
            "detail": detail[:300],
        }
    )
