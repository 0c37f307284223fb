"""Who computes alike: distances of answers, groups that are the same, and who stands apart."""

from __future__ import annotations

import numpy as np
import pytest

from deploymatrix.numerics.disagreement import alike, apart, distances


def answers(*values: float) -> list[dict[tuple[int, str], np.ndarray]]:
    """One output of one sample each: [value, 10], so that 10 is the largest value."""
    return [{(0, "y"): np.array([value, 10.0], np.float32)} for value in values]


def test_a_distance_is_a_share_of_the_largest_value() -> None:
    found = distances(answers(1.0, 2.0, 4.0))

    assert found[0, 1] == found[1, 0] == pytest.approx(0.1)
    assert found[0, 2] == pytest.approx(0.3)
    assert found.diagonal().tolist() == [0, 0, 0]


def test_the_largest_of_all_outputs_and_samples_counts() -> None:
    one, other = answers(1.0, 1.0)
    one[1, "z"], other[1, "z"] = np.array([2, 4]), np.array([2, 3], np.int32)

    assert distances([one, other])[0, 1] == pytest.approx(0.25)


@pytest.mark.parametrize("bad", [np.array([np.nan, 10.0]), np.array([1.0]), np.array([np.inf, 1.0])])
def test_what_cannot_be_compared_has_no_distance_and_hides_nobody(bad: np.ndarray) -> None:
    found = distances([*answers(1.0, 1.0, 1.001, 2.0), {(0, "y"): bad}])

    assert np.isnan(found[4, :4]).all()
    assert apart(found) == [3]


def test_samples_that_one_did_not_answer_do_not_count() -> None:
    one, other = answers(1.0, 1.0)
    one[7, "y"] = np.array([5.0])

    assert distances([one, other])[0, 1] == 0


def test_those_that_answer_the_same_are_a_group() -> None:
    assert alike(distances(answers(1.0, 2.0, 1.0, 3.0))) == [[0, 2], [1], [3]]


@pytest.mark.parametrize(
    ("values", "far"),
    [
        ((1.0, 1.01, 1.02, 1.5), [3]),
        ((1.0, 1.01, 1.5, 1.51, 1.02), [2, 3]),
        ((1.0, 1.1, 1.2, 1.3), []),  # all are equally far from their neighbours
        ((1.0, 1.0, 1.0), []),
        ((1.0, 2.0), []),
    ],
)
def test_the_few_that_are_far_from_all_others_stand_apart(values: tuple[float, ...], far: list[int]) -> None:
    assert apart(distances(answers(*values))) == far


def test_an_output_of_zeros_alone_has_no_scale_and_no_distance() -> None:
    zeros = {(0, "y"): np.zeros(3)}
    assert distances([zeros, dict(zeros)])[0, 1] == 0
