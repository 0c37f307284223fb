"""Drawn images: of the declared range and layout, smooth as photographs are, and mirrored."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploymatrix.numerics.samples import draw
from deploymatrix.project.model_specs import Input


def image(shape: tuple[int, ...], index: int = 0, dtype: str = "float32", seed: int = 1, **keys: Any) -> Any:
    declared = {"name": "x", "dtype": dtype, "shape": shape, "values": "image", **keys}
    return draw(Input.model_validate(declared), [seed], index)


def slope(plane: Any) -> float:
    """The exponent of the amplitude over the spatial frequency: 0 for white noise, -1 for photographs."""
    amplitude = np.abs(np.fft.fft2(plane - plane.mean()))
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(plane.shape[0]), np.fft.fftfreq(plane.shape[1]), indexing="ij"))
    inside = (frequency > 0) & (frequency < 0.5)
    return float(np.polyfit(np.log(frequency[inside]), np.log(amplitude[inside] + 1e-12), 1)[0])


@given(st.integers(0, 1000), st.integers(0, 3))
def test_the_spectrum_is_that_of_photographs(seed: int, index: int) -> None:
    assert -1.25 < slope(image((3, 64, 64), index, seed=seed)[0].astype(np.float64)) < -0.75


def test_white_noise_has_another_spectrum() -> None:
    assert abs(slope(np.random.default_rng(0).standard_normal((64, 64)))) < 0.2


@given(
    st.sampled_from([(2, 3, 8, 9), (1, 8, 9, 3), (1, 1, 5, 6), (4, 6, 7), (7, 6, 4), (1, 3, 2, 2)]),
    st.sampled_from([("float32", -1.0, 1.0), ("float16", 0.0, 1.0), ("uint8", 0.0, 255.0), ("float64", 5.0, 6.0)]),
    st.integers(0, 7),
)
def test_shape_dtype_and_range_are_as_declared(
    shape: tuple[int, ...], kind: tuple[str, float, float], index: int
) -> None:
    dtype, low, high = kind

    array = image(shape, index, dtype, low=low, high=high)

    assert array.shape == shape and array.dtype == np.dtype(dtype)
    assert low <= array.min() < array.max() <= high


def test_the_default_range_is_0_to_1_and_that_of_bytes() -> None:
    assert (image((3, 9, 9)).min(), image((3, 9, 9)).max()) == (0.0, 1.0)
    assert (image((3, 9, 9), dtype="uint8").min(), image((3, 9, 9), dtype="uint8").max()) == (0, 255)


def test_an_odd_sample_is_the_negative_of_the_one_before() -> None:
    for index in (0, 2):
        assert np.allclose(image((1, 3, 16, 16), index) + image((1, 3, 16, 16), index + 1), 1.0, atol=1e-6)


def test_channels_are_alike_and_yet_differ() -> None:
    planes = image((3, 64, 64)).reshape(3, -1).astype(np.float64)

    correlated = np.corrcoef(planes)[0, 1]

    assert 0.5 < correlated < 0.999


def test_channels_lie_where_the_shape_says() -> None:
    last, first = image((1, 16, 16, 3)), image((1, 3, 16, 16))

    assert np.array_equal(np.moveaxis(last, -1, 1), first)


def test_a_layout_that_is_told_counts_more_than_the_shape() -> None:
    told = image((1, 3, 16, 3), layout="channels_last")

    assert np.array_equal(told, np.moveaxis(image((1, 3, 3, 16), layout="channels_first"), 1, -1))


@pytest.mark.parametrize("shape", [(1, 3, 16, 3), (5, 16, 16), (16, 16), (1, 1, 3, 16, 16)])
def test_a_shape_that_does_not_tell_its_channels_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="write layout ="):
        image(shape)
