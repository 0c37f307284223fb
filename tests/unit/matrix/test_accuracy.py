"""The record of accuracy: what it bears, where it contradicts itself, and what the gate doubts."""

from __future__ import annotations

from typing import Any

import pytest

from deploymatrix.matrix.accuracy import AccuracyRecord, all_failing, inconsistencies, over_budget
from deploymatrix.matrix.derived import contradictions
from deploymatrix.matrix.records import Cell
from tests.fakes.matrices import make_cell

FINE: dict[str, Any] = {
    "kind": "top1",
    "output": "logits",
    "samples": 500,
    "float64": 0.98,
    "float32": 0.98,
    "variant": 0.976,
    "drop": 0.004,
    "budget": 0.01,
    "decisions": 500,
    "agreement": 0.992,
    "lost": 3,
    "won": 1,
}
LOST = {**FINE, "variant": 0.068, "drop": 0.912, "lost": 456, "won": 0}


def record(**changed: Any) -> AccuracyRecord:
    return AccuracyRecord(**{**FINE, **changed})


def cell(accuracy: dict[str, Any], **more: Any) -> Cell:
    return make_cell("mlp", "onnx").model_copy(update={"accuracy": AccuracyRecord(**accuracy), **more})


def test_a_record_as_a_run_leaves_it_contradicts_nothing() -> None:
    assert list(inconsistencies(record())) == []
    assert over_budget(record()) is None


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"samples": 0}, "it is of no samples"),
        ({"variant": 0.98}, "float64's less the artifact's is 0; 3 lost and 1 won of 500"),
        ({"drop": 0.001}, "drop is 0.001; 3 lost and 1 won of 500"),
        ({"drop": float("nan")}, "drop is nan"),
        ({"budget": None}, "it has labels, and no budget"),
        ({"lost": None}, "decisions, their counts or the rates are not there"),
        ({"lost": 600, "won": 598}, "600 lost and 598 won of 500 decisions"),
        ({"agreement": 1.5}, "agreement is 1.5"),
        ({"float64": 0.9801, "variant": 0.9761}, "which is no share of 500 decisions"),
        ({"kind": "agreement"}, "it has no labels, and yet a drop or a budget"),
        ({"kind": "cosine", "lost": None, "won": None, "drop": 0.5}, "drop is 0.5, float64's less the artifact's"),
        (
            {"kind": "mse", "float64": 1.0, "variant": 2.0, "drop": -0.1},
            "the artifact's error is larger than float64's",
        ),
    ],
)
def test_a_figure_that_another_one_contradicts_is_named(changed: dict[str, Any], said: str) -> None:
    assert any(said in line for line in inconsistencies(record(**changed)))


@pytest.mark.parametrize("drop", [0.912, float("nan"), None])
def test_a_record_over_its_budget_is_a_mismatch_whatever_the_cell_says(drop: float | None) -> None:
    lines = contradictions(cell({**LOST, "drop": drop}))

    assert any("its figures say mismatch, not passed: accuracy: " in line for line in lines)


def test_a_mismatch_that_the_metric_alone_shows_is_one_of_accuracy() -> None:
    lost = cell(
        LOST, outcome="mismatch", stage="compare", fails=("accuracy",), detail="accuracy: lost", verdict="failed"
    )

    assert contradictions(lost) == []
    assert lost.said == "mismatch (accuracy)"
    assert contradictions(lost.model_copy(update={"fails": ()})) != []


def test_what_is_wrong_by_rounding_needs_no_metric_to_say_so() -> None:
    wrong = make_cell("mlp", "onnx", outcome="mismatch")

    assert all_failing(wrong.outputs, record(**LOST)) == ()
    assert all_failing(make_cell("mlp", "onnx").outputs, record(**LOST)) == ("accuracy",)
