"""Expected outputs: the model must give them within the limit of its variant, in float32 and in float64."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deploymatrix.numerics.expected import Expectation, expected_problem
from deploymatrix.numerics.limits import Limits
from deploymatrix.project.model_specs import Tensor

LIMITS = Limits(multiple=12, floor=2e-6, ceiling=5e-4)
Y = Tensor(name="y", dtype="float32", shape=(1, 8))
BEST = Tensor(name="best", dtype="int64", shape=(1,))
EXACT = np.random.default_rng(0).standard_normal((4, 1, 8))


def save(folder: Path, index: int, name: str, array: Any) -> None:
    (folder / str(index)).mkdir(parents=True, exist_ok=True)
    np.save(folder / str(index) / f"{name}.npy", array)


@pytest.fixture
def given(tmp_path: Path) -> Expectation:
    """The model's own answers to four samples, and nothing expected yet."""
    for index, exact in enumerate(EXACT):
        save(tmp_path / "reference", index, "y.float64", exact)
        save(tmp_path / "reference", index, "y.float32", exact.astype("float32"))
        for word in ("float64", "float32"):
            save(tmp_path / "reference", index, f"best.{word}", exact.argmax(axis=-1))
    return Expectation(expected=tmp_path / "expected", reference=tmp_path / "reference", samples=4)


def problem(given: Expectation, *outputs: Tensor, limits: Limits = LIMITS) -> str | None:
    return expected_problem(outputs or (Y, BEST), given, limits)


def test_nothing_expected_is_no_problem(given: Expectation) -> None:
    assert problem(given) is None


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_what_the_model_gives_is_what_is_expected(given: Expectation, dtype: str) -> None:
    for index, exact in enumerate(EXACT):
        save(given.expected, index, "y", exact.astype(dtype))
        save(given.expected, index, "best", exact.argmax(axis=-1))

    assert problem(given) is None


def test_rounding_of_another_machine_is_within_the_limit(given: Expectation) -> None:
    noise = 1e-7 * np.random.default_rng(1).standard_normal(EXACT.shape)
    for index, expected in enumerate((EXACT + noise).astype("float32")):
        save(given.expected, index, "y", expected)

    assert problem(given) is None


def test_another_preprocessing_is_told_with_output_sample_error_and_limit(given: Expectation) -> None:
    save(given.expected, 1, "y", EXACT[1])
    save(given.expected, 2, "y", EXACT[2] + 0.01)

    said = problem(given)

    assert said is not None
    assert "the expected output y of sample 2: " in said
    assert "is off by 0.0" in said and "limit 2" in said
    assert "the preprocessing of the samples or the weights are not those of training" in said


def test_one_wrong_class_among_large_ones_is_seen(given: Expectation) -> None:
    for index, exact in enumerate(EXACT):
        wide = exact * np.array([1e4, *[1.0] * 7])
        for word, dtype in (("float64", "float64"), ("float32", "float32")):
            save(given.reference, index, f"y.{word}", wide.astype(dtype))
        save(given.expected, index, "y", wide * np.array([*[1.0] * 7, 1.01]))

    said = problem(given)

    assert said is not None and "slice 7" in said


def test_an_exact_output_must_be_equal(given: Expectation) -> None:
    save(given.expected, 0, "best", EXACT[0].argmax(axis=-1) + 1)

    said = problem(given)

    assert said is not None and "the expected output best of sample 0: " in said and "limit 0" in said


def test_an_infinity_elsewhere_is_no_answer(given: Expectation) -> None:
    save(given.expected, 0, "y", np.where(EXACT[0] == EXACT[0].max(), -np.inf, EXACT[0]))

    said = problem(given)

    assert said is not None and "infinite or NaN elsewhere" in said


def test_the_limit_is_the_variants(given: Expectation) -> None:
    for index, exact in enumerate(EXACT):
        save(given.expected, index, "y", exact * 1.001)

    assert problem(given) is not None
    assert problem(given, limits=Limits(multiple=12, floor=1e-2, ceiling=1e-1)) is None


def test_a_float64_model_that_differs_is_told_as_such(given: Expectation) -> None:
    for index, exact in enumerate(EXACT):
        save(given.reference, index, "y.float64", exact + 0.1)
        save(given.expected, index, "y", exact)

    said = problem(given)

    assert said is not None and "the float64 model is off" in said
