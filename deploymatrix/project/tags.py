"""The words by which cells are selected."""

from __future__ import annotations

import fnmatch
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deploymatrix.project.plan import PlannedCell
    from deploymatrix.project.project import Model
    from deploymatrix.project.targets import Target


def tags_of(model: Model, target: Target) -> set[str]:
    """Return the tags of a cell, and what else selects it as they do."""
    return {*model.spec.tags, *target.spec.tags, model.spec.family, model.spec.framework}


def word_matches(word: str, cell: PlannedCell) -> bool:
    """Tell whether a word of an expression selects a cell: by its name, a pattern of it, or a tag."""
    if any(mark in word for mark in "*?["):
        return fnmatch.fnmatchcase(cell.name, word)
    return word in cell.name or word in tags_of(cell.model, cell.target)
