from __future__ import annotations

import numpy as np
import pytest

from deploymatrix.errors import ConfigurationError
from deploymatrix.verify.proof import require_outputs, unproven

GENERATOR = np.random.default_rng(5)
VARYING = [GENERATOR.standard_normal((1, 8)).astype(np.float32) for _ in range(4)]
MASKED = [np.where(np.arange(8) < 5, array, -np.inf) for array in VARYING]
FAR_MASKED = [np.where(np.arange(8) < 5, array, -1e9) for array in VARYING]


def found(*arrays: np.ndarray, constant: tuple[str, ...] = ()) -> str | None:
    return unproven([{"y": array} for array in arrays], constant)


@pytest.mark.parametrize("arrays", [VARYING, MASKED, FAR_MASKED, VARYING[:1]])
def test_answers_that_vary_prove_something(arrays: list[np.ndarray]) -> None:
    assert found(*arrays) is None


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("samples", [1, 4])
def test_answers_that_are_finite_nowhere_prove_nothing(value: float, samples: int) -> None:
    problem = found(*[np.full((1, 8), value, np.float32)] * samples, constant=("y",))
    assert problem is not None
    assert problem.startswith("y: no element is finite in all samples") and "--range" in problem


@pytest.mark.parametrize("same", [VARYING[0], np.zeros((1, 8)), np.full((1, 3), 7, np.int64), np.array([True, False])])
def test_answers_that_are_equal_for_all_samples_prove_nothing(same: np.ndarray) -> None:
    problem = found(same, same, same, same)
    assert problem is not None
    assert "y: the same in all 4 samples" in problem and "--constant" in problem


def test_answers_that_vary_by_rounding_only_prove_nothing() -> None:
    collapsed = [1 + array * np.float32(1e-6) for array in VARYING]
    assert "varies between samples by only" in (found(*collapsed) or "")


@pytest.mark.parametrize("constant", [np.zeros(4), np.full((2, 2), 3), np.ones(2, bool)])
def test_one_answer_of_one_number_proves_nothing(constant: np.ndarray) -> None:
    assert "in all" in (found(constant) or "")


@pytest.mark.parametrize("single", [np.zeros(()), np.array([3.0]), np.ones((0, 3)), np.array([1.0, 2.0])])
def test_one_answer_that_may_depend_on_the_input_is_let_pass(single: np.ndarray) -> None:
    assert found(single) is None


def test_integers_that_vary_little_prove_something() -> None:
    assert found(np.array([1000, 3]), np.array([1001, 3])) is None


def test_the_user_may_say_that_an_output_is_constant() -> None:
    assert found(np.zeros(4), np.zeros(4), constant=("y",)) is None


def sized(*sizes: int, offset: float = 0.0) -> list[np.ndarray]:
    return [offset + np.random.default_rng(index).standard_normal((size, 3)) for index, size in enumerate(sizes)]


@pytest.mark.parametrize(
    "arrays", [sized(1, 3, 1, 3), sized(1, 2, 3), [np.ones((1, 3)), *sized(3, 3), np.ones((1, 3))]]
)
def test_answers_of_free_size_that_vary_prove_something(arrays: list[np.ndarray]) -> None:
    assert found(*arrays) is None


@pytest.mark.parametrize(
    ("arrays", "problem"),
    [
        ([np.full((size, 3), 0.5) for size in (1, 2, 3)], "0.5 in all elements of all samples"),
        ([np.arange(3.0)[:size] for size in (1, 3, 1, 3)], "the same in all 2 samples"),
        ([*sized(3, 3), *[np.full((1, 3), np.nan)] * 2], "no element is finite in all samples"),
    ],
)
def test_each_size_is_judged_by_itself(arrays: list[np.ndarray], problem: str) -> None:
    assert problem in (found(*arrays) or "")


def test_only_what_proves_nothing_is_named() -> None:
    answers = [{"good": array, "bad": np.zeros(3)} for array in VARYING]
    problem = unproven(answers)
    assert problem is not None and problem.startswith("bad: ") and "good" not in problem


def test_a_constant_that_is_no_output_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="did you mean 'mask'"):
        require_outputs(["mack"], ["mask", "y"])
