from __future__ import annotations

import numpy as np
import pytest

from deploymatrix.verify.answers import compare_answers
from deploymatrix.verify.artifacts import Answer, Slot

LIMIT = 1e-5


def answered(**outputs: np.ndarray) -> Answer:
    return Answer(outputs=(outputs,), missing=(), extra=())


def test_equal_answers_pass() -> None:
    values = np.arange(6, dtype=np.float32).reshape(2, 3)
    found = compare_answers(answered(**{"a/b:0": values}), [{"a/b:0": values}], {}, LIMIT)
    assert found.outcome == "passed"
    assert [output.name for output in found.outputs] == ["a/b:0"]


def test_a_reference_of_higher_precision_passes_where_the_artifact_says_float32() -> None:
    values = np.linspace(0, 1, 7)
    slots = {"y": Slot(dtype="float32", shape=(7,))}
    found = compare_answers(answered(y=values.astype(np.float32)), [{"y": values}], slots, LIMIT)
    assert found.outcome == "passed"


@pytest.mark.parametrize(
    ("actual", "outcome"),
    [
        (np.array([1.0, 2.1], np.float32), "mismatch"),
        (np.array([1.0, np.nan], np.float32), "nonfinite"),
        (np.array([[1.0, 2.0]], np.float32), "io_mismatch"),
        (np.array([1, 2], np.int64), "io_mismatch"),
    ],
)
def test_other_answers_fail(actual: np.ndarray, outcome: str) -> None:
    found = compare_answers(answered(y=actual), [{"y": np.array([1.0, 2.0], np.float32)}], {}, LIMIT)
    assert found.outcome == outcome
    assert found.detail


def test_integers_are_compared_exactly_and_may_differ_in_width() -> None:
    reference = [{"y": np.array([1, 2], np.int64)}]
    slots = {"y": Slot(dtype="int32", shape=(2,))}
    assert compare_answers(answered(y=np.array([1, 2], np.int32)), reference, slots, LIMIT).outcome == "passed"
    assert compare_answers(answered(y=np.array([1, 3], np.int32)), reference, slots, LIMIT).outcome == "mismatch"


def test_an_output_too_few_or_too_many_is_an_io_mismatch() -> None:
    values = np.ones(2, np.float32)
    few = Answer(outputs=({},), missing=("y",), extra=("z",))
    found = compare_answers(few, [{"y": values}], {}, LIMIT)
    assert found.outcome == "io_mismatch"
    assert "y" in found.detail and "z" in found.detail


def test_empty_tensors_are_equal() -> None:
    values = np.ones((0, 3), np.float32)
    assert compare_answers(answered(y=values), [{"y": values}], {}, LIMIT).outcome == "passed"
