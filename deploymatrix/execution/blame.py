"""Blame: which step of a route first made a wrong artifact.

An intermediate artifact is a target's artifact too, so each step is verified on the target of its own format.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from deploymatrix.execution.outcomes import Done, Result
from deploymatrix.matrix.accuracy import AccuracyRecord, all_failing
from deploymatrix.matrix.output_records import OutputRecord
from deploymatrix.numerics.failing import Failing
from deploymatrix.project.plan import PlannedCell, compare_id
from deploymatrix.project.project import Project
from deploymatrix.project.routes import Step
from deploymatrix.project.targets import Target

WRONG_ANSWERS = frozenset({"mismatch", "nonfinite", "io_mismatch"})
# They say nothing about an artifact; `unstable` does not tell whether the artifact or the runtime is at fault.
UNDECIDED = frozenset({"environment_failed", "reference_failed", "unstable"})


def cells_to_verify(project: Project, cells: Iterable[PlannedCell], results: Mapping[str, Result]) -> list[PlannedCell]:
    """List the cells that verify the earlier steps of each cell that answered wrongly."""
    return [
        before
        for cell in cells
        if answered_wrongly(cell, results) and fails_of(results[compare_id(cell)]) != ("fidelity",)
        for before in _intermediate_cells(project, cell)
    ]


def blame(project: Project, cell: PlannedCell, results: Mapping[str, Result]) -> str | None:
    """Name the first step whose artifact is wrong; the last one when all before it are right.

    Of what is quantised, name the runtime where it does not run the graph that it was given, and with the step at fault
    the variant that it made. Return None when a step before could not be verified: the run was interrupted, its target
    has no environment, its reference cannot be judged by, or it answers now one thing, now another.
    """
    fails = fails_of(results[compare_id(cell)])
    runtime = f"runtime {cell.target.name}" if "fidelity" in fails else ""
    step = None if fails == ("fidelity",) else _first_wrong(project, cell, results)
    made = "" if step is None else f"{step.name} ({step.variant})" if fails else step.name
    return ", ".join(at_fault for at_fault in (made, runtime) if at_fault) or None


def _first_wrong(project: Project, cell: PlannedCell, results: Mapping[str, Result]) -> Step | None:
    assert cell.route is not None
    for before in _intermediate_cells(project, cell):
        assert before.route is not None
        verified = results.get(compare_id(before))
        if verified is None or outcome_of(verified) in UNDECIDED:
            return None
        if outcome_of(verified) != "passed":
            return before.route.steps[-1]
    return cell.route.steps[-1]


def fails_of(result: Result) -> tuple[Failing, ...]:
    """Return which of its judgements a quantised artifact fails, by the figures of a compare task's result."""
    if outcome_of(result) != "mismatch" or not isinstance(result, Done):
        return ()
    about = result.entry.about
    worth = about.get("accuracy")
    accuracy = None if worth is None else AccuracyRecord.model_validate(worth)
    return all_failing([OutputRecord.model_validate(output) for output in about.get("outputs", ())], accuracy)


def answered_wrongly(cell: PlannedCell, results: Mapping[str, Result]) -> bool:
    """Tell whether the artifact ran and its answers are not the reference's."""
    return cell.route is not None and outcome_of(results[compare_id(cell)]) in WRONG_ANSWERS


def outcome_of(result: Result) -> str:
    """Return the outcome that a compare task's result stands for."""
    return str(result.entry.about["outcome"]) if isinstance(result, Done) else result.outcome


def _intermediate_cells(project: Project, cell: PlannedCell) -> list[PlannedCell]:
    """List the route's earlier artifacts, nearest to the model first, on the targets that verify them."""
    assert cell.route is not None
    cells = []
    for prefix in list(cell.route.prefixes())[:-1]:
        target = _verifier(project, prefix.steps[-1].format, prefix.variant)
        if target is not None:
            cells.append(PlannedCell(model=cell.model, target=target, variant=prefix.variant, route=prefix))
    return cells


def _verifier(project: Project, format_: str, variant: str) -> Target | None:
    """Return the target that verifies a format: the one of its name, else the first that takes it."""
    takers = [t for t in project.targets.values() if t.spec.format == format_ and variant in t.spec.limits]
    return min(takers, key=lambda t: (t.name != format_, t.name), default=None)
