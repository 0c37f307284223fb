"""Outcomes derived anew from a cell's own figures: the gate believes these, and not the word in the record.

What no figure bears is said in a line that names the figure. docs/reference/what-the-gate-derives.md lists the rules.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import inf

from deploymatrix.matrix.accuracy import all_failing, inconsistencies, over_budget
from deploymatrix.matrix.derived_outputs import Finding, findings, oddities
from deploymatrix.matrix.records import VERDICTS_THAT_PASS, Cell, Matrix
from deploymatrix.numerics.failing import intact, named
from deploymatrix.numerics.limits import Limits
from deploymatrix.store import digests

NATIVE = ("reference", "export", "load", "run")
# The stages in which an outcome can be found.
STAGES: dict[str, tuple[str | None, ...]] = {
    "passed": (None,),
    "unstable": ("run",),
    "mismatch": ("compare",),
    "nonfinite": ("compare",),
    "io_mismatch": ("compare",),
    "export_failed": ("export",),
    "load_failed": ("load",),
    "run_failed": ("run",),
    "crashed": NATIVE,
    "timed_out": NATIVE,
    "out_of_memory": NATIVE,
    "environment_failed": ("environment",),
    "reference_failed": ("reference",),
    "exported": ("load",),
    "unsupported": ("plan",),
    "missing": ("plan",),
}
COMPARED = frozenset({"passed", "unstable", "mismatch", "nonfinite", "io_mismatch"})
CHECKS = ("repeat", "load", "order", "threads")
ENTRIES = ("artifacts", "runs", "cells")


def contradictions(cell: Cell, limits: Limits | None = None, halves: frozenset[str] = frozenset()) -> list[str]:
    """Return a line for each figure that does not bear the outcome that the cell names.

    limits: the project's; without them, nobody can tell whether a reference was fit to judge by. halves: the outputs
    that the model itself gives in float16.
    """
    lines = []
    if cell.stage not in STAGES[cell.outcome]:
        lines.append(f"{cell.outcome} is not found in stage {cell.stage}")
    if cell.outcome not in COMPARED and not cell.outputs:
        figures = {"samples": cell.samples, "checks": cell.checks, "drift": cell.drift}
        return lines + [f"{cell.outcome}, and yet it has {name}" for name, value in figures.items() if value]
    lines += _outcome_problem(cell, limits, halves)
    lines += _fails_problem(cell)
    lines += _absent(cell)
    lines += [] if cell.accuracy is None else inconsistencies(cell.accuracy)
    return lines + [line for output in cell.outputs for line in oddities(output, cell.samples, cell.sizes)]


def contradicted(matrix: Matrix) -> dict[str, list[str]]:
    """Return, by cell that its record lets pass, what contradicts that record; none is the usual case."""
    passing = (cell for cell in matrix.cells if cell.verdict in VERDICTS_THAT_PASS)
    return {cell.name: lines for cell in passing if (lines := contradictions(cell))}


def without_contradicted(matrix: Matrix) -> Matrix:
    """Return the matrix as reports show it: a cell whose figures do not bear its outcome is red, and says why."""
    found = contradicted(matrix)
    if not found:
        return matrix
    return matrix.model_copy(update={"cells": tuple(_shown(cell, found.get(cell.name)) for cell in matrix.cells)})


def _shown(cell: Cell, lines: list[str] | None) -> Cell:
    if lines is None:
        return cell
    return cell.model_copy(update={"verdict": "failed", "detail": "; ".join(lines)})


def _outcome_problem(cell: Cell, limits: Limits | None, halves: frozenset[str]) -> list[str]:
    half = limits.for_eager("float16") if limits else None
    of = {output.name: half if output.name in halves else limits for output in cell.outputs}
    found = [finding for output in cell.outputs for finding in findings(output, cell.drift, of[output.name])]
    lost = over_budget(cell.accuracy)
    found += [Finding("mismatch", lost)] if lost else []
    if limits and limits.reduced and intact(cell.outputs):
        found.append(Finding("mismatch", "no output lost more than float32 does: nothing is quantised"))
    borne = _borne(found) if cell.outputs else {"io_mismatch": "it has no outputs"}
    if cell.outcome in borne or (cell.outcome == "reference_failed" and limits is None):
        return []
    outcome, why = next(iter(borne.items()))
    return [f"its figures say {outcome}, not {cell.outcome}: {why}"]


def _fails_problem(cell: Cell) -> list[str]:
    """Return it where the figures do not bear what the cell is said to fail."""
    borne = all_failing(cell.outputs, cell.accuracy) if cell.outcome == "mismatch" else ()
    return [] if cell.fails == borne else [f"its figures say {named(cell.outcome, borne)}, not {cell.said}"]


def _borne(found: list[Finding]) -> Mapping[str, str]:
    """Return the outcomes that the findings bear, in the order in which one goes before another, and why."""
    for outcomes in (("unstable",), ("io_mismatch", "nonfinite"), ("reference_failed",), ("mismatch",)):
        why = next((finding.why for finding in found if finding.outcome in outcomes), None)
        if why is not None:
            return dict.fromkeys(outcomes, why)
    return {"passed": "every output is within its limit"}


def _absent(cell: Cell) -> Iterator[str]:
    """Yield what every compared cell has, and this one lacks."""
    if cell.samples < 1:
        yield "it has no samples"
    if cell.isolation is None:
        yield "it does not say where it ran"
    elif (cell.image is None) == (cell.isolation == "docker"):
        yield f"it ran in {cell.isolation} isolation, {'without' if cell.image is None else 'and yet with'} an image"
    yield from (f"it names no entry of the store in {kind}" for kind in ENTRIES if kind not in cell.entries)
    yield from _artifact(cell)
    if set(cell.checks) - set(CHECKS) or len(set(cell.checks)) < len(cell.checks):
        yield f"its checks are {', '.join(cell.checks)}; there are {', '.join(CHECKS)}"
    unknown = set(cell.drift) - {output.name for output in cell.outputs}
    yield from (f"drift of {name}, which is no output" for name in sorted(unknown))
    yield from (f"{name}: drift is {value}" for name, value in cell.drift.items() if not 0 <= value < inf)


def _artifact(cell: Cell) -> Iterator[str]:
    artifact = cell.artifact
    if artifact is None:
        yield "it has no artifact"
        return
    if artifact.bytes < 1:
        yield f"its artifact has {artifact.bytes} bytes"
    if artifact.files and digests.of_data(artifact.files) != artifact.sha256:
        yield "its artifact's digest is not that of the files that it lists"
