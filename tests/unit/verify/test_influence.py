from __future__ import annotations

import numpy as np
import pytest

from deploymatrix.verify.artifacts import Answer
from deploymatrix.verify.influence import ROUNDS, changed, constant_inputs, influenced

X = np.ones((2,), np.float32)


def answer(*values: float) -> Answer:
    return Answer(outputs=tuple({"y": np.array([value])} for value in values), missing=(), extra=())


@pytest.mark.parametrize(
    "array",
    [
        np.zeros(3, np.float32),
        np.ones(3, np.int64),
        np.array([True]),
        np.array([2, 5], np.uint8),
        np.array(-7.5),
        X * np.nan,
    ],
)
def test_other_values_differ_and_keep_dtype_and_shape(array: np.ndarray) -> None:
    samples = [{"x": X, "lost": array}] * 2

    found = changed(samples, ["lost"], seed=3)

    assert len(found) == ROUNDS * len(samples)
    assert all(sample["x"] is X for sample in found)
    assert {(s["lost"].dtype, s["lost"].shape) for s in found} == {(array.dtype, array.shape)}
    assert not np.array_equal(found[0]["lost"], array, equal_nan=array.dtype.kind == "f")


def test_other_values_stay_in_the_range_that_was_seen() -> None:
    samples = [{"ids": np.array([0, 9])}, {"ids": np.array([4, 4])}]
    values = np.concatenate([sample["ids"] for sample in changed(samples, ["ids"], seed=0)])
    assert (values.min(), values.max()) == (0, 9)


def test_an_output_that_changes_in_any_bit_is_influenced() -> None:
    before = answer(1.0, np.nan)
    assert influenced(before, answer(*[1.0, np.nan] * ROUNDS)) == []
    assert influenced(before, answer(1.0, np.nan, 1.0, np.nan, 1.0 + 1e-15, np.nan)) == ["y"]


def test_what_is_the_same_in_all_samples_is_named() -> None:
    samples = [{"a": X, "b": X}, {"a": X + 1, "b": X}]
    assert constant_inputs(samples, ["a", "b"]) == ["b"]
