"""A cell's outcome follows from its figures: a record that was edited contradicts itself, and says where."""

from __future__ import annotations

from math import inf, nan
from typing import Any

import pytest

from deploymatrix.matrix.derived import contradictions, without_contradicted
from deploymatrix.matrix.records import Artifact, Cell, Outcome
from deploymatrix.numerics.limits import Limits
from deploymatrix.store import digests
from tests.fakes.matrices import make_cell, make_matrix

LIMITS = Limits(multiple=12, floor=1e-5, ceiling=5e-4)
PASSED = make_cell("mlp", "onnx")


def with_output(cell: Cell = PASSED, **changed: Any) -> Cell:
    """The cell, its only output changed."""
    (output,) = cell.outputs
    return cell.model_copy(update={"outputs": (output.model_copy(update=changed),)})


def with_worst(**changed: Any) -> Cell:
    worst = PASSED.outputs[0].worst
    assert worst is not None
    return with_output(worst=worst.model_copy(update=changed))


def exact(**changed: Any) -> Cell:
    """A cell whose output is compared exactly."""
    figures = {"max_abs": 0.0, "error": 0.0, "limit": 0.0, "headroom": None, "worst": None, "sample_errors": (0.0,) * 4}
    return with_output(dtype="int64", **{**figures, **changed})


@pytest.mark.parametrize("outcome", ["passed", "mismatch", "nonfinite", "crashed", "export_failed", "unsupported"])
def test_what_a_run_recorded_contradicts_nothing(outcome: Outcome) -> None:
    assert contradictions(make_cell("mlp", "onnx", outcome=outcome)) == []


def test_an_exact_output_that_is_equal_passes() -> None:
    assert contradictions(exact()) == []


@pytest.mark.parametrize(
    ("edited", "said"),
    [
        (with_output(error=9.9, sample_errors=(9.9,) * 4), "mismatch, not passed: logits: error 9.9 is over its limit"),
        (with_output(error=nan), "mismatch, not passed: logits: error nan is over its limit"),
        (with_output(error=None), "its figures say io_mismatch, not passed: logits: nothing could be measured"),
        (with_output(headroom=1.5), "mismatch, not passed: logits: it uses 1.5 of its limit"),
        (with_output(headroom=None), "logits: headroom is not there"),
        (with_output(worst=None), "logits: the worst slice is not there"),
        (with_output(max_abs=None), "logits: max_abs is not there"),
        (with_output(limit=nan), "logits: limit is nan"),
        (with_output(limit=inf), "logits: limit is inf"),
        (with_output(eager_error=-1.0), "logits: eager_error is -1.0"),
        (with_output(sample_errors=()), "logits: 0 errors of 4 samples"),
        (with_output(sample_errors=(None, 0.0, 0.0, 0.0)), "logits: 3 errors of 4 samples"),
        (with_output(sample_errors=(0.0, 0.0, 0.0, 1.0)), "that of its worst sample 1"),
        (with_output(problem="too far"), "mismatch, not passed: logits: its problem is: too far"),
        (with_output(alone="it gives none"), "reference_failed, not passed: logits: it gives none"),
        (with_worst(error=1.0), "mismatch, not passed: logits: axis 1, slice"),
        (with_worst(heat="0z0"), "mismatch, not passed: logits: its heat map is over the limit: 0z0"),
        (with_worst(share=0.5), "the worst slice's share 0.5"),
        (with_worst(sample=4), "logits: the worst slice is outside of the shape [1, 10] or of 4 samples"),
        (with_worst(index=10), "logits: the worst slice is outside of the shape"),
        (with_worst(position=(0, 10)), "logits: the worst slice is outside of the shape"),
        (exact(error=1.0, sample_errors=(1.0,) * 4), "mismatch, not passed: logits: error 1 is over its limit 0"),
        (exact(headroom=0.1), "logits: it is compared exactly, and yet has a share of a limit"),
    ],
)
def test_a_figure_that_does_not_bear_a_pass_is_named(edited: Cell, said: str) -> None:
    assert any(said in line for line in contradictions(edited)), contradictions(edited)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"outputs": ()}, "its figures say io_mismatch, not passed: it has no outputs"),
        ({"samples": 0}, "it has no samples"),
        ({"artifact": None}, "it has no artifact"),
        ({"artifact": Artifact(sha256="0" * 64, bytes=0)}, "its artifact has 0 bytes"),
        ({"artifact": Artifact(sha256="0" * 64, bytes=1, files={"a": "1"})}, "not that of the files that it lists"),
        ({"isolation": None}, "it does not say where it ran"),
        ({"image": None}, "it ran in docker isolation, without an image"),
        ({"entries": {}}, "it names no entry of the store in cells"),
        ({"checks": ("repeat", "luck")}, "its checks are repeat, luck"),
        ({"drift": {"logits": 9.9}}, "its figures say unstable, not passed: logits: answers differ by 9.9"),
        ({"drift": {"other": 0.0}}, "drift of other, which is no output"),
        ({"stage": "compare"}, "passed is not found in stage compare"),
    ],
)
def test_what_a_pass_needs_is_missed(changed: dict[str, Any], said: str) -> None:
    assert any(said in line for line in contradictions(PASSED.model_copy(update=changed)))


@pytest.mark.parametrize(
    ("recorded", "edited", "said"),
    [
        ("mismatch", "passed", "its figures say mismatch, not passed: logits: error"),
        ("passed", "mismatch", "its figures say passed, not mismatch: every output is within its limit"),
        ("nonfinite", "mismatch", "its figures say io_mismatch, not mismatch: logits: nothing could be measured"),
        ("mismatch", "crashed", "its figures say mismatch, not crashed"),
        ("crashed", "mismatch", "its figures say io_mismatch, not mismatch: it has no outputs"),
        ("mismatch", "unstable", "its figures say mismatch, not unstable"),
    ],
)
def test_an_outcome_that_was_edited_is_found(recorded: Outcome, edited: Outcome, said: str) -> None:
    """Also from red to red: an entry may expect the other."""
    cell = make_cell("mlp", "onnx", outcome=recorded)
    stage = make_cell("mlp", "onnx", outcome=edited).stage

    lines = contradictions(cell.model_copy(update={"outcome": edited, "stage": stage}), LIMITS)

    assert any(said in line for line in lines), lines


def test_a_reference_that_nobody_can_be_judged_by_is_derived_from_eagers_error() -> None:
    lines = contradictions(with_output(eager_error=1e-3), LIMITS)

    assert any(line.startswith("its figures say reference_failed, not passed: logits: too ill-") for line in lines)


def test_a_cell_that_was_never_compared_has_no_figures() -> None:
    cell = make_cell("mlp", "onnx", outcome="crashed").model_copy(update={"samples": 4})

    assert contradictions(cell) == ["crashed, and yet it has samples"]


def test_the_files_of_an_artifact_bear_its_digest() -> None:
    files = {"model.json": "1" * 64, "weights.bin": "2" * 64}
    artifact = Artifact(sha256=digests.of_data(files), bytes=7, files=files)

    assert contradictions(PASSED.model_copy(update={"artifact": artifact})) == []


def test_reports_show_a_cell_red_that_its_figures_do_not_bear() -> None:
    matrix = make_matrix(with_output(error=9.9), make_cell("lstm", "onnx"))

    shown = {cell.name: cell for cell in without_contradicted(matrix).cells}

    assert shown["lstm/onnx/fp32"] == make_cell("lstm", "onnx")
    assert shown["mlp/onnx/fp32"].verdict == "failed"
    assert "error 9.9 is over its limit" in shown["mlp/onnx/fp32"].detail


def test_rows_that_are_lacking_are_a_mismatch_and_nothing_measured() -> None:
    def ragged(**changed: Any) -> Cell:
        return with_output(**{"shape": (4, 10), "rows": ((2, 2), (3, 3), (1, 1), (4, 4)), "worst": None, **changed})

    lacking = ragged(rows=((2, 2), (3, 4), (1, 1), (4, 4)), error=None, headroom=None, sample_errors=(), max_abs=None)
    named_so = lacking.model_copy(update={"outcome": "mismatch", "stage": "compare", "detail": "rows"})

    assert any("its figures say mismatch, not passed" in line for line in contradictions(lacking))
    assert not any("its figures say" in line for line in contradictions(named_so))
    assert any("more rows are expected" in line for line in contradictions(ragged(shape=(3, 10))))
    assert any("rows of 1 samples" in line for line in contradictions(ragged(rows=((2, 2),))))
