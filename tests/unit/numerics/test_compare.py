"""Comparison by declared name; figures in these tests were computed by hand."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from deploymatrix.matrix.output_records import OutputRecord, WorstRecord
from deploymatrix.numerics.compare import Answers, Comparison, compare
from deploymatrix.numerics.differences import relative_error
from deploymatrix.numerics.figures import OutputFigures, WorstSlice
from deploymatrix.numerics.limits import given as limit_of
from deploymatrix.project.model_specs import Tensor

LIMIT = 1e-3


def write(folder: Path, samples: list[dict[str, Any]]) -> Path:
    for index, sample in enumerate(samples):
        (folder / str(index)).mkdir(parents=True)
        for name, array in sample.items():
            np.save(folder / str(index) / f"{name}.npy", array)
    return folder


def compared(
    tmp_path: Path,
    actual: list[Any],
    exact: list[Any],
    *,
    dtype: str = "float32",
    eager: list[Any] | None = None,
    limit: float = LIMIT,
    **more: Any,
) -> Comparison:
    """One output `y`: what a runtime answered for each sample, against the reference."""
    reference = "float64" if dtype.startswith("float") else dtype
    exact = [np.asarray(array, reference) for array in exact]
    eager = [array.astype(dtype) for array in exact] if eager is None else [np.asarray(a, dtype) for a in eager]
    pairs = zip(exact, eager, strict=True)
    answers = Answers(
        actual=write(
            tmp_path / "actual", [{"y": a if isinstance(a, np.ndarray) else np.asarray(a, dtype)} for a in actual]
        ),
        reference=write(tmp_path / "reference", [{"y.float64": x, "y.float32": e} for x, e in pairs]),
        samples=len(exact),
        declared=more.pop("declared", (Tensor(name="y", dtype=dtype, shape=exact[0].shape),)),  # type: ignore[arg-type]
        **more,
    )
    return compare(answers, limit_of(limit))


def test_equal_outputs_pass(tmp_path: Path) -> None:
    result = compared(tmp_path, [[[1.0, -2.0]]], [[[1.0, -2.0]]])

    assert result.outcome == "passed"
    (output,) = result.outputs
    assert (output.error, output.max_abs, output.headroom, output.problem) == (0.0, 0.0, 0.0, None)
    assert output.cosine == pytest.approx(1.0)
    assert output.snr_db is None  # no noise: not defined


def test_the_error_is_the_largest_difference_over_the_largest_reference(tmp_path: Path) -> None:
    result = compared(tmp_path, [[1.0, -4.25, 0.0]], [[1.0, -4.0, 0.0]], dtype="float64", limit=0.1)

    (output,) = result.outputs
    assert output.max_abs == 0.25
    assert output.error == 0.0625  # 0.25 / 4
    assert output.headroom == pytest.approx(0.625)  # 0.0625 / 0.1
    assert result.outcome == "passed"


def test_cosine_and_snr_by_hand(tmp_path: Path) -> None:
    result = compared(tmp_path, [[3.0, 4.0]], [[3.0, 3.0]], dtype="float64", limit=0.5)

    (output,) = result.outputs
    assert output.cosine == pytest.approx(21 / (5 * math.sqrt(18)), abs=1e-6)
    assert output.snr_db == pytest.approx(10 * math.log10(18 / 1), abs=1e-4)


def test_eager_float32s_own_error_stands_beside(tmp_path: Path) -> None:
    result = compared(tmp_path, [[2.0, 1.0]], [[2.0, 1.0]], eager=[[2.0, 1.5]])

    assert result.outputs[0].eager_error == 0.25


@pytest.mark.parametrize(("answer", "outcome"), [(1.25, "passed"), (1.2500001, "mismatch"), (0.74, "mismatch")])
def test_the_limit_itself_passes_and_what_is_beyond_does_not(tmp_path: Path, answer: float, outcome: str) -> None:
    result = compared(tmp_path, [[answer]], [[1.0]], dtype="float64", limit=0.25)

    assert result.outcome == outcome


def test_one_wrong_sample_of_many_is_a_mismatch(tmp_path: Path) -> None:
    right = [[1.0, 2.0]]
    result = compared(tmp_path, [right, right, [[1.0, 2.1]], right], [right] * 4)

    assert result.outcome == "mismatch"
    assert result.outputs[0].error == pytest.approx(0.05, rel=1e-6)
    assert result.outputs[0].sample_errors == pytest.approx((0.0, 0.0, 0.05, 0.0), rel=1e-6)
    assert "over the limit 0.001" in result.detail


def test_samples_are_compared_each_with_its_own(tmp_path: Path) -> None:
    result = compared(tmp_path, [[2.0], [1.0]], [[1.0], [2.0]])

    assert result.outcome == "mismatch"


def test_a_reference_of_zeros_is_not_divided_by(tmp_path: Path) -> None:
    assert compared(tmp_path / "a", [[0.0, 0.0]], [[0.0, 0.0]]).outcome == "passed"
    wrong = compared(tmp_path / "b", [[0.0, 0.5]], [[0.0, 0.0]])

    assert wrong.outcome == "mismatch"
    assert wrong.outputs[0].error == 0.5


@pytest.mark.parametrize(
    ("actual", "exact", "words"),
    [
        ([1.0, math.nan], [1.0, 2.0], "being NaN"),
        ([1.0, math.inf], [1.0, 2.0], "being +inf"),
        ([1.0, -math.inf], [1.0, 2.0], "being -inf"),
        ([1.0, 2.0], [1.0, math.nan], "being NaN"),
        ([1.0, -math.inf], [1.0, math.inf], "being +inf"),
        ([math.nan, 1.0], [1.0, math.nan], "2 of 2 elements"),
    ],
)
def test_what_is_not_finite_where_the_reference_is(
    tmp_path: Path, actual: list[float], exact: list[float], words: str
) -> None:
    result = compared(tmp_path, [actual], [exact])

    assert result.outcome == "nonfinite"
    assert words in result.detail
    assert result.outputs[0].error is None


def test_the_same_infinities_are_equal(tmp_path: Path) -> None:
    values = [1.0, math.inf, -math.inf, math.nan]

    assert compared(tmp_path, [values], [values]).outcome == "passed"


@pytest.mark.parametrize("dtype", ["int64", "int32", "uint8", "bool"])
def test_integers_and_booleans_are_compared_exactly(tmp_path: Path, dtype: str) -> None:
    assert compared(tmp_path / "a", [[1, 0, 1]], [[1, 0, 1]], dtype=dtype, limit=0.9).outcome == "passed"
    assert compared(tmp_path / "b", [[1, 1, 1]], [[1, 0, 1]], dtype=dtype, limit=0.9).outcome == "mismatch"


def test_integers_beyond_the_precision_of_float64_are_told_apart(tmp_path: Path) -> None:
    result = compared(tmp_path, [[2**53]], [[2**53 + 1]], dtype="int64")

    assert result.outcome == "mismatch"


def test_a_large_integer_does_not_hide_a_wrong_small_one(tmp_path: Path) -> None:
    assert compared(tmp_path, [[10**9, 4]], [[10**9, 3]], dtype="int64", limit=0.1).outcome == "mismatch"


def test_integers_that_an_artifact_answers_as_floats_are_still_exact(tmp_path: Path) -> None:
    answer = np.asarray([10**6, 4], "float32")
    exact = np.asarray([10**6, 3], "int64")
    answers = Answers(
        actual=write(tmp_path / "actual", [{"y": answer}]),
        reference=write(tmp_path / "reference", [{"y.float64": exact, "y.float32": exact}]),
        samples=1,
        declared=(Tensor(name="y", dtype="float32", shape=(2,)),),
    )

    assert compare(answers, limit_of(0.1)).outcome == "mismatch"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (np.zeros((1, 3), "float32"), "shape is [1, 3], declared [3, 1]"),
        (np.zeros(3, "float32"), "shape is [3], declared [3, 1]"),
        (np.zeros((3, 1), "float64"), "dtype is float64, declared float32"),
        (np.zeros((3, 1), "int32"), "dtype is int32, declared float32"),
    ],
)
def test_another_shape_or_dtype_is_an_io_mismatch(tmp_path: Path, answer: Any, words: str) -> None:
    result = compared(tmp_path, [answer], [[[0.0], [0.0], [0.0]]])

    assert result.outcome == "io_mismatch"
    assert words in result.detail


@pytest.mark.parametrize("shape", [(3,), (3, 1, 1), (1, 3)])
def test_a_shape_that_is_not_the_models_is_never_broadcast(tmp_path: Path, shape: tuple[int, ...]) -> None:
    answer = np.zeros(shape, "float32")
    result = compared(
        tmp_path, [answer], [[[0.0], [0.0], [0.0]]], declared=(Tensor(name="y", dtype="float32", shape=shape),)
    )

    assert result.outcome == "io_mismatch"
    assert "the model's is [3, 1]" in result.detail


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ({"missing": ("y",)}, "missing outputs: y"),
        ({"extra": ("z",)}, "does not name: z"),
        ({"missing": ("y",), "extra": ("z",)}, "missing outputs: y; outputs that the signature does not name: z"),
    ],
)
def test_other_names_are_an_io_mismatch(tmp_path: Path, names: dict[str, tuple[str, ...]], words: str) -> None:
    result = compared(tmp_path, [[1.0]], [[1.0]], **names)

    assert result.outcome == "io_mismatch"
    assert words in result.detail


def test_no_samples_never_pass(tmp_path: Path) -> None:
    declared = (Tensor(name="y", dtype="float32", shape=(1,)),)
    answers = Answers(actual=tmp_path, reference=tmp_path, samples=0, declared=declared)

    assert compare(answers, limit_of(LIMIT)).outcome == "io_mismatch"


def test_no_outputs_never_pass(tmp_path: Path) -> None:
    answers = Answers(actual=tmp_path, reference=tmp_path, samples=4, declared=())

    assert compare(answers, limit_of(LIMIT)).outcome == "io_mismatch"


def test_one_wrong_output_of_two_is_a_mismatch_that_names_it(tmp_path: Path) -> None:
    right, wrong = np.asarray([1.0], "float32"), np.asarray([2.0], "float32")
    reference = {f"{name}.{dtype}": right.astype(dtype) for name in ("a", "b") for dtype in ("float64", "float32")}
    answers = Answers(
        actual=write(tmp_path / "actual", [{"a": right, "b": wrong}]),
        reference=write(tmp_path / "reference", [reference]),
        samples=1,
        declared=(Tensor(name="a", dtype="float32", shape=(1,)), Tensor(name="b", dtype="float32", shape=(1,))),
    )

    result = compare(answers, limit_of(LIMIT))

    assert result.outcome == "mismatch"
    assert result.detail.startswith("b: ")
    assert [output.problem is None for output in result.outputs] == [True, False]


def test_what_overflows_is_a_mismatch_that_json_can_say(tmp_path: Path) -> None:
    result = compared(tmp_path, [[1.7e308]], [[-1.7e308]], dtype="float64", eager=[[-1.7e308]])

    assert result.outcome == "mismatch"
    json.dumps(asdict(result.outputs[0]), allow_nan=False)


def test_figures_are_what_the_matrix_records() -> None:
    assert [field.name for field in fields(OutputFigures)] == list(OutputRecord.model_fields)
    assert [field.name for field in fields(WorstSlice)] == list(WorstRecord.model_fields)


finite = st.floats(-1e6, 1e6)
vectors = arrays.arrays(np.float64, 5, elements=finite)


@given(vectors)
def test_an_array_has_no_error_against_itself(array: Any) -> None:
    assert relative_error(array, array) == (0.0, 0.0)


@given(vectors, vectors, st.sampled_from([0.5, 2.0, 1024.0]))
def test_the_error_does_not_depend_on_the_unit(actual: Any, reference: Any, factor: float) -> None:
    _, error = relative_error(actual, reference)
    _, scaled = relative_error(actual * factor, reference * factor)

    if np.abs(reference).max() > 1e-200:
        assert scaled == pytest.approx(error, rel=1e-12)


@given(vectors, vectors)
def test_the_error_is_zero_only_for_equal_arrays(actual: Any, reference: Any) -> None:
    max_abs, _ = relative_error(actual, reference)

    assert (max_abs == 0) == bool((actual == reference).all())
