"""Budgets beside full precision: of size, of latency, of accuracy; what nobody measured breaks them."""

from __future__ import annotations

from typing import Any

import pytest

from deploymatrix.matrix.budgets import BudgetRecord, breaches, unmatched_budgets
from deploymatrix.matrix.doubts import doubts
from deploymatrix.matrix.measurements import Measurement
from deploymatrix.matrix.records import Artifact, Cell
from deploymatrix.matrix.verdicts import judged_matrix, read_rules
from deploymatrix.project.specs import Budget
from tests.fakes.matrices import make_cell, make_matrix
from tests.fakes.tree import Tree

FP32 = make_cell(artifact=Artifact(sha256="a", bytes=1000))
HALF = make_cell(variant="fp16", beside="fp32", artifact=Artifact(sha256="b", bytes=980))
TIMES = {
    cell.name: Measurement(cell=cell.name, cached=False, run_s=run_s, eager_s=1e-3)
    for cell, run_s in ((FP32, 4e-3), (HALF, 4.4e-3))
}


def over(
    cell: Cell = HALF,
    beside: Cell | None = FP32,
    times: dict[str, Measurement] | None = TIMES,
    pattern: str = "mlp/*",
    **limits: Any,
) -> list[str]:
    budget = BudgetRecord(cell=pattern, limits=Budget(**limits), file="budgets.toml")
    return [line.split(" (budgets.toml")[0] for line in breaches(cell, [budget], times, beside=beside)]


def test_a_variant_is_held_against_full_precision_on_the_same_target() -> None:
    assert over(size_ratio=0.6) == ["artifact is 0.98 times as large as in fp32, over 0.6"]
    assert over(latency_ratio=0.9) == ["median latency is 1.1 times that of fp32, over 0.9 times"]
    assert over(size_ratio=0.98, latency_ratio=1.1) == []


def test_full_precision_has_no_size_beside_and_is_held_against_eager() -> None:
    assert over(FP32, None, size_ratio=0.1) == []
    assert over(FP32, None, latency_ratio=3) == ["median latency is 4 times eager float32, over 3 times"]


def test_what_cannot_be_told_breaks_a_budget_and_says_what_to_run() -> None:
    assert over(beside=None, size_ratio=9) == ["artifact's size beside mlp/onnx/fp32 is not known; run that cell, too"]
    alone = {HALF.name: TIMES[HALF.name]}
    said = "latency beside mlp/onnx/fp32 was not measured on one machine; run both cells with --fresh"
    assert over(times=alone, latency_ratio=9) == [said]
    assert over(times={}, latency_ratio=9) == [said]
    unscored = "accuracy was not measured; give the model a [metric], or leave it out of this budget"
    assert over(accuracy_drop=0.5) == [unscored]
    assert over(times=None, latency_ratio=1e-9) == []  # a matrix holds no times, so its verdicts do not follow from any


@pytest.mark.parametrize(("pattern", "counts"), [("fp16", True), ("fp*", True), ("int8-static", False), ("mlp", False)])
def test_a_budget_may_name_a_variant(pattern: str, counts: bool) -> None:
    assert bool(over(pattern=pattern, size_ratio=0.6)) is counts
    budget = BudgetRecord(cell=pattern, limits=Budget(size_ratio=0.6), file="budgets.toml")
    assert bool(unmatched_budgets([budget], [HALF.name])) is not counts


def test_the_gate_finds_the_cell_beside_a_selected_one(tree: Tree) -> None:
    tree.write("budgets.toml", "[budgets.fp16]\nsize_ratio = 0.6\n")
    project = tree.project()

    alone = judged_matrix(make_matrix(HALF), read_rules(project), project, TIMES)
    found = judged_matrix(make_matrix(HALF), read_rules(project), project, TIMES, [FP32])

    assert [cell.verdict for cell in (*alone.cells, *found.cells)] == ["over_budget", "over_budget"]
    assert "is not known" in alone.cells[0].over_budget[0]
    assert found.cells[0].over_budget == (
        'artifact is 0.98 times as large as in fp32, over 0.6 (budgets.toml: budgets."fp16")',
    )


def test_a_ratio_that_the_artifacts_do_not_bear_is_doubted(tree: Tree) -> None:
    forged = HALF.model_copy(update={"size_ratio": 0.3})

    found = doubts(tree.project(), [], make_matrix(FP32).model_copy(update={"cells": (FP32, forged)}))

    assert "its size_ratio is 0.3, that of the artifacts 0.98" in found[HALF.name]
    assert not any("size_ratio" in line for line in found[FP32.name])
