"""The words by which cells are selected."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deploymatrix.project.plan import PlannedCell
    from deploymatrix.project.project import Model, Project
    from deploymatrix.project.targets import Target


def tags_of(model: Model, target: Target) -> set[str]:
    """Return the tags of a cell, and what else selects it as they do."""
    return {*model.spec.tags, *target.spec.tags, model.spec.family, model.spec.framework}


def matcher(project: Project) -> Callable[[str, PlannedCell], bool]:
    """Return what tells whether a word of an expression selects a cell: by its name, a pattern of it, or a tag.

    A word that anything of the project bears as a tag is that tag, or a whole name; any other may be part of a name.
    """
    tags = {tag for some in (project.models, project.targets) for named in some.values() for tag in named.spec.tags}

    def matches(word: str, cell: PlannedCell) -> bool:
        if any(mark in word for mark in "*?["):
            return fnmatch.fnmatchcase(cell.name, word)
        name = cell.name.split("/") if word in tags else cell.name
        return word in name or word in tags_of(cell.model, cell.target)

    return matches
