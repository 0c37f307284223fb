"""A reference that proves nothing is refused: parity with a constant is no parity."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deploymatrix.numerics.references import LEAST_VARIATION, reference_problem, variation
from deploymatrix.project.model_specs import Output

GENERATOR = np.random.default_rng(0)
VARIED = [GENERATOR.standard_normal((1, 3)) for _ in range(4)]


def problem(
    folder: Path,
    exact: list[Any],
    *,
    eager: list[Any] | None = None,
    dtype: str = "float32",
    shape: tuple[int | str, ...] = (1, 3),
    yardstick: str = "float64",
    **declaration: Any,
) -> str | None:
    for index, array in enumerate(exact):
        (folder / str(index)).mkdir(parents=True)
        own = array if eager is None else eager[index]
        np.save(folder / str(index) / "y.float64.npy", array)
        np.save(folder / str(index) / "y.float32.npy", own.astype(dtype) if eager is None else own)
    declared = Output.model_validate({"name": "y", "dtype": dtype, "shape": shape, **declaration})
    return reference_problem([declared], len(exact), folder, yardstick)


def test_outputs_that_vary_are_a_reference(tmp_path: Path) -> None:
    assert problem(tmp_path, VARIED) is None


@pytest.mark.parametrize(
    "exact",
    [
        [np.full((1, 3), 0.1)] * 4,
        [np.full((1, 3), 0.1) + 1e-6 * array for array in VARIED],
        [np.zeros((1, 3))] * 4,
    ],
    ids=["constant", "almost constant", "zero"],
)
def test_a_collapsed_reference_is_refused_with_the_remedy(tmp_path: Path, exact: list[Any]) -> None:
    found = problem(tmp_path, exact)

    assert found is not None
    assert found.startswith("output y: varies between samples by only ")
    assert "calibrate = true" in found


def test_a_reference_that_holds_nan_is_refused(tmp_path: Path) -> None:
    exact = [array.copy() for array in VARIED]
    exact[2][0, 1] = np.nan

    assert "holds NaN" in str(problem(tmp_path, exact))


@pytest.mark.parametrize("value", [np.inf, -np.inf])
def test_an_infinity_that_float64_and_eager_agree_on_is_a_convention(tmp_path: Path, value: float) -> None:
    exact = [array.copy() for array in VARIED]
    exact[2][0, 1] = value
    eager = [array.astype("float32") for array in VARIED]

    assert problem(tmp_path / "agree", exact) is None
    assert "an infinity in float64 or eager float32 alone" in str(problem(tmp_path / "alone", exact, eager=eager))


def test_the_dtypes_least_value_is_a_convention(tmp_path: Path) -> None:
    exact, eager = [array.copy() for array in VARIED], [array.astype("float32") for array in VARIED]
    for wide, narrow in zip(exact, eager, strict=True):
        wide[0, 1], narrow[0, 1] = np.finfo("float64").min, np.finfo("float32").min

    assert problem(tmp_path, exact, eager=eager) is None


@pytest.mark.parametrize("mask", [-1e9, -np.inf, float(np.finfo("float32").min)])
def test_masks_hide_no_reference_that_has_collapsed(tmp_path: Path, mask: float) -> None:
    collapsed = [np.array([[mask, 0.1, 0.2]])] * 4
    varied = [np.array([[mask, *array[0, 1:]]]) for array in VARIED]

    assert "varies between samples by only" in str(problem(tmp_path / "collapsed", collapsed))
    assert problem(tmp_path / "varied", varied) is None


def test_a_reference_that_overflows_in_float32_only_is_refused(tmp_path: Path) -> None:
    eager = [array.astype("float32") for array in VARIED]
    eager[0][0, 0] = np.inf

    assert "an infinity in float64 or eager float32 alone" in str(problem(tmp_path, VARIED, eager=eager))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"shape": (3, 1)}, "the model gives float32[1, 3], model.toml declares float32[3, 1]"),
        ({"eager": VARIED}, "the model gives float64[1, 3], model.toml declares float32[1, 3]"),
    ],
)
def test_another_shape_or_dtype_than_declared_is_refused(tmp_path: Path, change: dict[str, Any], words: str) -> None:
    assert words in str(problem(tmp_path, VARIED, **change))


def test_integers_need_only_differ(tmp_path: Path) -> None:
    exact = [np.asarray([[1000, 1000, 1000 + index]]) for index in range(4)]

    assert problem(tmp_path, exact, dtype="int64") is None


def test_constant_integers_are_refused(tmp_path: Path) -> None:
    assert "varies" in str(problem(tmp_path, [np.asarray([[1, 2, 3]])] * 4, dtype="int64"))


@pytest.mark.parametrize(
    ("dtype", "off", "words"),
    [
        ("float64", 1e-11, None),
        ("float64", 1e-7, "differs by 1e-07 of its size"),
        ("float32", 1e-5, None),
        ("float32", 1e-2, "differs by 0.01 of its size"),
        ("float64", np.nan, "is NaN or infinite elsewhere: the model reads memory that it has not set (torch.empty)"),
    ],
)
def test_what_comes_out_otherwise_the_second_time_is_no_reference(
    tmp_path: Path, dtype: str, off: float, words: str | None
) -> None:
    exact = [np.asarray([[1.0, 0.5, -index]]) / 4 for index in range(5)]
    assert problem(tmp_path, exact) is None
    changed = exact[3].astype(dtype)
    changed[0, 2] *= 1 + off
    np.save(tmp_path / "3" / f"y.{dtype}.again.npy", changed)
    declared = Output.model_validate({"name": "y", "dtype": "float32", "shape": (1, 3)})
    found = reference_problem([declared], len(exact), tmp_path)

    assert (found is None) == (words is None)
    assert words is None or f"not deterministic: output y of sample 3, computed again in {dtype}, {words}" in str(found)


def test_variation_by_hand() -> None:
    outputs = [np.asarray([1.0, 4.0]), np.asarray([3.0, 4.0])]

    assert variation(outputs) == 0.25  # deviation 1 of the first element, over the largest magnitude 4
    assert LEAST_VARIATION < 0.25


def test_samples_of_several_sizes_are_a_reference_where_those_of_one_size_vary(tmp_path: Path) -> None:
    varied = [GENERATOR.standard_normal((rows, 3)) for rows in (3, 3, 3, 3, 1, 5)]
    same = [np.full((rows, 3), 0.1) for rows in (3, 3, 3, 3, 1, 5)]

    assert problem(tmp_path / "varied", varied, shape=("batch", 3)) is None
    assert "varies between samples by only" in str(problem(tmp_path / "same", same, shape=("batch", 3)))


def test_samples_that_all_have_sizes_of_their_own_are_held_against_each_other_where_they_overlap(
    tmp_path: Path,
) -> None:
    varied = [GENERATOR.standard_normal((rows, 3)) for rows in (2, 3, 4, 5)]
    same = [np.full((rows, 3), 0.1) for rows in (2, 3, 4, 5)]

    assert problem(tmp_path / "varied", varied, shape=("batch", 3)) is None
    assert "varies between samples by only" in str(problem(tmp_path / "same", same, shape=("batch", 3)))


def test_an_output_declared_constant_need_not_vary_and_must_not(tmp_path: Path) -> None:
    still = [np.full((1, 3), 0.1)] * 4

    assert problem(tmp_path / "still", still, constant="the window is always full") is None
    assert "remove constant" in str(problem(tmp_path / "varied", VARIED, constant="the window is always full"))


def test_what_float32_repeats_within_its_rounding_is_steady_where_it_is_the_yardstick(tmp_path: Path) -> None:
    def twice(folder: Path, yardstick: str) -> str | None:
        (folder / "0").mkdir(parents=True)
        np.save(folder / "0" / "y.float64.again.npy", VARIED[0] * (1 + 1e-6))
        for index, array in enumerate(VARIED):
            (folder / str(index)).mkdir(exist_ok=True)
            np.save(folder / str(index) / "y.float64.npy", array)
            np.save(folder / str(index) / "y.float32.npy", array.astype("float32"))
        declared = Output.model_validate({"name": "y", "dtype": "float32", "shape": (1, 3)})
        return reference_problem([declared], 4, folder, yardstick)

    assert str(twice(tmp_path / "a", "float64")).startswith("not deterministic")
    assert twice(tmp_path / "b", "float32") is None


ROWS = [GENERATOR.standard_normal((rows, 3)) for rows in (2, 0, 4, 1)]


def test_a_ragged_output_may_have_any_number_of_rows_up_to_the_declared_one(tmp_path: Path) -> None:
    assert problem(tmp_path / "four", ROWS, shape=(4, 3), ragged=True) is None
    assert "gives 4 rows, model.toml declares at most 3" in str(
        problem(tmp_path / "three", ROWS, shape=(3, 3), ragged=True)
    )
    assert "fewer than two samples give a row" in str(
        problem(tmp_path / "none", [ROWS[0], *[ROWS[1]] * 3], shape=(4, 3), ragged=True)
    )


def test_a_number_of_rows_that_float32_cannot_tell_is_no_reference(tmp_path: Path) -> None:
    eager = [array.astype("float32") for array in ROWS]
    eager[2] = eager[2][:3]

    found = str(problem(tmp_path, ROWS, eager=eager, shape=(4, 3), ragged=True))

    assert "sample 2 gives 4 rows in float64 and 3 in float32" in found
    assert "threshold" in found and "another seed" in found
