"""Own samples held against the declaration: how many a file holds, and what is wrong, by the array's name."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from deploymatrix.numerics.own_samples import WrongSample, require_sizes, sizes_of, split_inputs, split_outputs
from deploymatrix.project.dim_specs import Dim
from deploymatrix.project.model_specs import Input, Output, Tensor

INPUTS = [
    Input.model_validate({"name": "image", "dtype": "float32", "shape": (1, 3, 4)}),
    Input.model_validate({"name": "ids", "dtype": "int64", "shape": (1, 5), "values": "integers", "low": 0, "high": 9}),
]
OUTPUTS = [Tensor(name="y", dtype="float32", shape=(1, 2)), Tensor(name="best", dtype="int64", shape=(1,))]


def given(image: tuple[int, ...] = (1, 3, 4), ids: tuple[int, ...] = (1, 5)) -> dict[str, Any]:
    generator = np.random.default_rng(0)
    return {"image": generator.standard_normal(image).astype("float32"), "ids": generator.integers(0, 9, ids)}


def test_arrays_of_the_declared_shapes_are_one_sample() -> None:
    (sample,) = split_inputs(given(), INPUTS)

    assert {name: array.shape for name, array in sample.items()} == {"image": (1, 3, 4), "ids": (1, 5)}


@pytest.mark.parametrize("ids", [(6, 1, 5), (6, 5)])
@pytest.mark.parametrize("image", [(6, 1, 3, 4), (6, 3, 4)])
def test_a_leading_axis_counts_samples_also_as_a_batch_that_is_declared_as_1(
    image: tuple[int, ...], ids: tuple[int, ...]
) -> None:
    arrays = given(image, ids)

    samples = split_inputs(arrays, INPUTS)

    assert len(samples) == 6
    assert all(sample["image"].shape == (1, 3, 4) and sample["ids"].shape == (1, 5) for sample in samples)
    assert np.array_equal(np.stack([sample["ids"] for sample in samples]).ravel(), arrays["ids"].ravel())


def without(name: str) -> dict[str, Any]:
    return {other: array for other, array in given().items() if other != name}


@pytest.mark.parametrize(
    ("arrays", "why"),
    [
        (without("ids"), "ids: it is missing; model.toml declares image, ids"),
        (given() | {"mask": np.ones(1)}, "mask: model.toml declares no such input"),
        (given() | {"ids": np.ones((1, 5), "int32")}, "ids: int32, where model.toml declares int64"),
        (given() | {"image": np.ones((1, 3, 4))}, "image: float64, where model.toml declares float32"),
        (given() | {"image": np.full((1, 3, 4), np.nan, "float32")}, "image: holds NaN or an infinity"),
        (given() | {"image": np.full((1, 3, 4), np.inf, "float32")}, "image: holds NaN or an infinity"),
        (given((1, 4, 3)), r"image: shape \[1, 4, 3\], .*declares \[1, 3, 4\]; for n samples .* \[n, 1, 3, 4\]"),
        (given((0, 1, 3, 4)), "image: shape"),
        (given((6, 3, 4), (1, 5)), "ids: the shapes do not agree .*image 6, ids one sample.*one file a sample"),
        (given((6, 3, 4), (5, 5)), "the shapes do not agree .*image 6, ids 5"),
    ],
)
def test_what_is_not_as_declared_is_told_with_its_array(arrays: dict[str, Any], why: str) -> None:
    with pytest.raises(WrongSample, match=why):
        split_inputs(arrays, INPUTS)


def test_some_outputs_alone_may_be_expected_and_floats_in_float64() -> None:
    (expected,) = split_outputs({"y": np.array([[1.0, -np.inf]])}, OUTPUTS)

    assert list(expected) == ["y"]


@pytest.mark.parametrize(
    ("arrays", "why"),
    [
        ({"z": np.ones(1)}, "z: model.toml declares no such output; it declares y, best"),
        ({"y": np.ones((1, 2), "float16")}, "y: float16, where model.toml declares float32"),
        ({"best": np.ones(1)}, "best: float64, where model.toml declares int64"),
        ({"y": np.array([[1.0, np.nan]])}, "y: holds NaN"),
    ],
)
def test_expected_outputs_that_are_not_as_declared_are_told(arrays: dict[str, Any], why: str) -> None:
    with pytest.raises(WrongSample, match=why):
        split_outputs(arrays, OUTPUTS)


def test_expected_rows_of_a_ragged_output_are_one_sample_as_many_as_there_are() -> None:
    boxes = Output(name="boxes", dtype="float32", shape=(10, 4), ragged=True)

    (sample,) = split_outputs({"boxes": np.ones((3, 4), "float32")}, [boxes])

    assert sample["boxes"].shape == (3, 4)
    for shape in ((11, 4), (3, 5), (2, 3, 4)):
        with pytest.raises(WrongSample, match=r"at most 10 rows of \[4\]; it is ragged, so write one file a sample"):
            split_outputs({"boxes": np.ones(shape, "float32")}, [boxes])


FREE = [
    Input.model_validate({"name": "image", "dtype": "float32", "shape": ("batch", 3, 4)}),
    Input.model_validate(
        {"name": "ids", "dtype": "int64", "shape": ("batch", "time"), "values": "integers", "low": 0, "high": 9}
    ),
]
DIMS = {name: Dim.model_validate(tried) for name, tried in {"batch": [1, 3], "time": [1, 7]}.items()}


def test_arrays_with_as_many_axes_as_declared_are_one_sample_which_binds_the_dims() -> None:
    (sample,) = split_inputs(given((2, 3, 4), (2, 5)), FREE)

    assert sizes_of(sample, FREE, DIMS) == {"batch": 2, "time": 5}


def test_a_leading_axis_counts_samples_of_equal_sizes() -> None:
    samples = split_inputs(given((6, 2, 3, 4), (6, 2, 5)), FREE)

    assert [sizes_of(sample, FREE, DIMS) for sample in samples] == [{"batch": 2, "time": 5}] * 6


@pytest.mark.parametrize(
    ("image", "ids", "why"),
    [
        ((2, 3, 4), (3, 5), "ids: axis 0 has 3, not batch = 2; a dim has one size in a sample"),
        (
            (4, 3, 4),
            (4, 5),
            r"image: batch=4, where \[dims\] declares 1 to 3; .* axis of their own: \[n, batch, 3, 4\]",
        ),
        ((2, 3, 4), (2, 8), r"ids: time=8, where \[dims\] declares 1 to 7; .* \[n, batch, time\]"),
    ],
)
def test_sizes_that_the_model_does_not_take_are_told(image: tuple[int, ...], ids: tuple[int, ...], why: str) -> None:
    (sample,) = split_inputs(given(image, ids), FREE)

    with pytest.raises(WrongSample, match=why):
        sizes_of(sample, FREE, DIMS)


def test_expected_outputs_have_the_sizes_of_their_sample() -> None:
    output = Tensor(name="y", dtype="float32", shape=("batch", 2))

    require_sizes({"y": np.ones((2, 2))}, [output], {"batch": 2, "time": 5})

    with pytest.raises(WrongSample, match=r"y: shape \[3, 2\], where its sample makes \[batch, 2\] \[2, 2\]"):
        require_sizes({"y": np.ones((3, 2))}, [output], {"batch": 2, "time": 5})
