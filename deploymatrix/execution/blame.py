"""Blame: which step of a route first made a wrong artifact.

An intermediate artifact is a target's artifact too, so each step is verified on the target of its own format.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from deploymatrix.execution.outcomes import Done, Result
from deploymatrix.project.plan import PlannedCell, compare_id
from deploymatrix.project.project import Project, Target

WRONG_ANSWERS = frozenset({"mismatch", "nonfinite", "io_mismatch"})


def cells_to_verify(project: Project, cells: Iterable[PlannedCell], results: Mapping[str, Result]) -> list[PlannedCell]:
    """The cells on the way to each cell that answered wrongly: the earlier steps on their own targets."""
    return [way for cell in cells if answered_wrongly(cell, results) for way in _on_the_way(project, cell)]


def blame(project: Project, cell: PlannedCell, results: Mapping[str, Result]) -> str | None:
    """The name of the first step whose artifact is wrong; the last one when all before it are right.

    None when a step before could not be verified, because the run was interrupted or its target has no environment.
    """
    assert cell.route is not None
    for way in _on_the_way(project, cell):
        assert way.route is not None
        verified = results.get(compare_id(way))
        if verified is None or outcome_of(verified) == "environment_failed":
            return None
        if outcome_of(verified) != "passed":
            return way.route.steps[-1].name
    return cell.route.steps[-1].name


def answered_wrongly(cell: PlannedCell, results: Mapping[str, Result]) -> bool:
    """Whether the artifact ran, and its answers are not the reference's."""
    return cell.route is not None and outcome_of(results[compare_id(cell)]) in WRONG_ANSWERS


def outcome_of(result: Result) -> str:
    """The outcome that a compare task's result stands for."""
    return str(result.entry.about["outcome"]) if isinstance(result, Done) else result.outcome


def _on_the_way(project: Project, cell: PlannedCell) -> list[PlannedCell]:
    """The route's earlier artifacts, nearest to the model first, on the targets that verify them."""
    assert cell.route is not None
    ways = []
    for prefix in list(cell.route.prefixes())[:-1]:
        target = _verifier(project, prefix.steps[-1].format, cell.variant)
        if target is not None:
            ways.append(PlannedCell(model=cell.model, target=target, variant=cell.variant, route=prefix))
    return ways


def _verifier(project: Project, format_: str, variant: str) -> Target | None:
    """The target that a format is verified on: the one of its name, else the first that takes it."""
    takers = [t for t in project.targets.values() if t.spec.format == format_ and variant in t.spec.limits]
    return min(takers, key=lambda t: (t.name != format_, t.name), default=None)
