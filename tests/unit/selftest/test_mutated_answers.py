"""Mutants of answers: each kind changes what it says, and leaves alone what it cannot change."""

from __future__ import annotations

import numpy as np
import pytest

from deploymatrix.selftest.answers import CHANGES, Outputs, answer_mutants
from deploymatrix.selftest.kinds import KINDS


@pytest.fixture
def outputs() -> Outputs:
    """Two outputs of one shape, square and with a batch of two; the last column is small. And 64-bit integers."""
    generator = np.random.default_rng(0)
    scale = np.array([600, 600, 1], dtype=np.float32)
    arrays = [(generator.standard_normal((2, 3, 3)) * scale).astype(np.float32) for _ in range(8)]
    return {"a": arrays[:4], "b": arrays[4:], "n": [np.array([[i, 2**40]], dtype=np.int64) for i in range(4)]}


def only(kind: str, outputs: Outputs, name: str = "a") -> Outputs:
    return dict(answer_mutants(kind, outputs))[name]


def test_every_kind_of_answers_has_its_change() -> None:
    assert {*CHANGES} == {kind.name for kind in KINDS.values() if kind.maker == "answer"}


@pytest.mark.parametrize("kind", sorted(CHANGES))
def test_a_mutant_differs_from_the_original_and_leaves_that_alone(outputs: Outputs, kind: str) -> None:
    before = {name: [array.copy() for array in arrays] for name, arrays in outputs.items()}

    mutants = list(answer_mutants(kind, outputs))

    assert mutants
    for _, changed in mutants:
        assert any(not np.array_equal(x, y) for n in changed for x, y in zip(changed[n], before[n], strict=True))
        assert all(x.dtype == before[n][0].dtype for n in changed for x in changed[n])
    assert all(np.array_equal(x, y) for n in outputs for x, y in zip(outputs[n], before[n], strict=True))


def test_outputs_of_one_shape_change_places(outputs: Outputs) -> None:
    swapped = only("outputs-swapped", outputs)

    assert swapped["a"] is outputs["b"] and swapped["b"] is outputs["a"]


def test_only_axes_of_one_length_are_transposed() -> None:
    assert list(answer_mutants("transposed", {"y": [np.arange(6.0).reshape(1, 2, 3)] * 4})) == []


def test_the_smallest_channel_is_scaled_and_no_other(outputs: Outputs) -> None:
    changed = only("slice-0.99", outputs)["a"][0]

    np.testing.assert_allclose(changed[..., 2], 0.99 * outputs["a"][0][..., 2], rtol=1e-6)
    assert np.array_equal(changed[..., :2], outputs["a"][0][..., :2])


def test_the_first_of_a_batch_stands_for_all(outputs: Outputs) -> None:
    changed = only("batch-copied", outputs)["a"][0]

    assert np.array_equal(changed[0], changed[1]) and np.array_equal(changed[0], outputs["a"][0][0])


def test_a_batch_of_one_has_no_such_mutant() -> None:
    assert list(answer_mutants("batch-copied", {"y": [np.ones((1, 3), np.float32)] * 4})) == []


def test_what_needs_64_bits_is_truncated_and_what_does_not_is_no_mutant(outputs: Outputs) -> None:
    assert only("int32-answer", outputs, "n")["n"][1].tolist() == [[1, 0]]
    assert list(answer_mutants("int32-answer", {"n": [np.array([[1, 2]], dtype=np.int64)] * 4})) == []
