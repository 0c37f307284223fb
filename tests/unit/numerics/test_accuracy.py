"""What answers are worth: rates of decisions, distances from labels, and what counts as a drop."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from deploymatrix.numerics.accuracy import UNDECIDED, Answered, decided, measured, of_scores, problem

LABELS = np.array([[0], [1], [2], [0]])
EXACT = np.array([[[3.0, 1, 0]], [[0, 2, 1]], [[0, 0, 1]], [[0, 5, 1]]])  # the last one is wrong


def answered(own: Any, label: Any = LABELS, exact: Any = EXACT) -> Answered:
    return Answered(float64=exact, float32=exact.astype("float32"), variant=own, label=label)


def test_a_rate_counts_what_is_right_what_was_lost_and_what_was_won() -> None:
    own = EXACT.astype("float32")
    own[0, 0] = [0, 1, 0]  # lost
    own[3, 0] = [9, 5, 1]  # won
    own[1, 0] = [3, 1, 1]  # lost

    found = measured("top1", "logits", answered(own), 0.01)

    assert (found.float64, found.float32, found.variant) == (0.75, 0.75, 0.5)
    assert (found.lost, found.won, found.decisions, found.drop) == (2, 1, 4, 0.25)
    assert found.agreement == 0.25
    assert "a drop of 0.25, over the budget 0.01" in str(problem(found))


def test_a_drop_of_just_the_budget_passes() -> None:
    own = EXACT.astype("float32")
    own[0, 0] = [0, 1, 0]

    found = measured("top1", "logits", answered(own), 0.25)

    assert (found.drop, problem(found)) == (0.25, None)


def test_of_equal_values_the_first_decides() -> None:
    flat = np.zeros_like(EXACT)

    assert decided(flat).tolist() == [[0]] * 4
    assert measured("top1", "logits", answered(flat), 1).variant == 0.5  # the two labels that are 0


def test_where_a_value_is_nan_nothing_is_decided() -> None:
    own = np.full_like(EXACT, np.nan)

    found = measured("top1", "logits", answered(own), 1)

    assert decided(own).tolist() == [[UNDECIDED]] * 4
    assert (found.variant, found.agreement) == (0.0, 0.0)


def test_nan_agrees_with_nothing_not_even_with_nan() -> None:
    own = np.full_like(EXACT, np.nan)

    assert measured("agreement", "logits", Answered(float64=own, float32=own, variant=own), None).agreement == 0.0


def test_the_label_is_among_the_first_five_of_ten() -> None:
    values = np.arange(10.0)[np.newaxis, np.newaxis, ::-1].repeat(2, axis=0)
    labels = np.array([[4], [5]])

    assert measured("top5", "logits", answered(values, labels, values), 0.01).variant == 0.5


@pytest.mark.parametrize("label", [-1, 3])
def test_a_label_below_0_does_not_count_and_one_without_a_class_is_wrong(label: int) -> None:
    labels = LABELS.copy()
    labels[0, 0] = label

    found = measured("top1", "logits", answered(EXACT, labels), 0.01)

    assert (found.decisions, found.variant) == ((3, 2 / 3) if label < 0 else (4, 0.5))


def test_tokens_may_be_integers_themselves() -> None:
    exact = np.array([[[1, 2, 3]], [[4, -1, 6]]])
    own = exact.copy()
    own[0, 0, 2] = 9

    found = measured("token_match", "ids", Answered(float64=exact, float32=exact, variant=own, label=exact), 0.01)

    assert (found.float64, found.variant, found.decisions) == (1.0, 0.8, 5)
    assert found.agreement == 5 / 6


def test_a_drop_of_mse_is_what_it_grows_by_over_the_labels_variance() -> None:
    labels = np.array([[1.0], [-1.0], [3.0], [-3.0]])  # variance 5

    found = measured("mse", "y", answered(labels + 1, labels, labels), 0.01)

    assert (found.float64, found.variant, found.drop) == (0.0, 1.0, 0.2)


def test_labels_that_are_all_one_have_their_mean_square_for_a_variance() -> None:
    labels = np.full((4, 1), 2.0)

    assert measured("mse", "y", answered(labels + 1, labels, labels), 0.01).drop == 0.25


def test_a_cosine_is_the_mean_over_the_samples() -> None:
    labels = np.array([[1.0, 0.0], [0.0, 1.0]])
    own = np.array([[1.0, 0.0], [1.0, 0.0]])

    found = measured("cosine", "y", answered(own, labels, labels), 0.01)

    assert (found.float64, found.variant, found.drop) == (1.0, 0.5, 0.5)


@pytest.mark.parametrize("kind", ["mse", "cosine"])
def test_what_is_not_finite_is_no_figure_and_fails(kind: str) -> None:
    labels = np.ones((2, 2))

    found = measured(kind, "y", answered(labels * np.nan, labels, labels), 1.0)

    assert (found.variant, found.drop) == (None, None)
    assert "is not finite" in str(problem(found))


def test_answers_of_another_shape_are_told() -> None:
    with pytest.raises(ValueError, match=r"the answer to sample 0 has the shape \[2\], that of the model \[1, 3\]"):
        measured("top1", "logits", answered(np.zeros((4, 2))), 0.01)


def test_more_is_better_where_the_user_scores() -> None:
    found = of_scores(3, (0.9, 0.9, 0.7), 0.01)

    assert found.drop == pytest.approx(0.2)
    assert problem(found) is not None
    assert problem(of_scores(3, (0.9, 0.9, float("nan")), 0.01)) is not None


def test_agreement_fails_nothing() -> None:
    found = measured("agreement", "logits", answered(np.zeros_like(EXACT)), None)

    assert (found.agreement, found.decisions, problem(found)) == (0.25, 4, None)
