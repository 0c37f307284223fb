from __future__ import annotations

import numpy as np
import pytest

from deploymatrix.verify.dtypes import carried, narrowest, rounded


@pytest.mark.parametrize(
    ("dtype", "found"),
    [("bfloat16", "float32"), ("float16", "float16"), ("bool", "bool"), ("float8_e4m3fn", None), ("object", None)],
)
def test_bfloat16_travels_as_float32_and_what_numpy_lacks_does_not(dtype: str, found: str | None) -> None:
    assert carried(dtype) == found


def test_the_narrowest_floats_count() -> None:
    assert narrowest(["float32", None, "int8", "float16"]) == "float16"
    assert narrowest(["int64", None]) is None


def test_floats_are_rounded_to_nearest_even() -> None:
    values = np.array([1 + 2**-8, 1 + 3 * 2**-8, 1 + 2**-7, -0.0], np.float32)
    assert rounded(values, "bfloat16").tolist() == [1.0, 1 + 2**-6, 1 + 2**-7, 0.0]
    assert rounded(np.array([1 + 2**-12]), "float16").tolist() == [1.0]
