"""Dtypes that artifacts have and numpy lacks, and how values are rounded to a narrower one."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from deploymatrix.numerics.tensors import Array

# A runner takes and gives bfloat16 as float32, which holds all its values.
CARRIED = {"bfloat16": "float32"}
# The distance from 1 to the next number: what a computation in that dtype is off by is a few of these.
STEPS = {"bfloat16": 2.0**-7, "float16": 2.0**-10}
NARROWEST_FIRST = ("bfloat16", "float16", "float32", "float64")


def carried(dtype: str) -> str | None:
    """Return numpy's name of the dtype in which values travel; None where numpy has none for them."""
    name = CARRIED.get(dtype, dtype)
    try:
        return name if np.dtype(name).kind in "biuf" else None
    except TypeError:
        return None


def narrowest(dtypes: Iterable[str | None]) -> str | None:
    """Return the floating dtype with the fewest digits; None where there is no floating one."""
    found = {dtype for dtype in dtypes if dtype in NARROWEST_FIRST}
    return next((dtype for dtype in NARROWEST_FIRST if dtype in found), None)


def rounded(array: Array, dtype: str) -> Array:
    """Return floats as that dtype has them, in their own dtype: so artifacts of several widths get the same values."""
    if dtype != "bfloat16":
        return array.astype(dtype).astype(array.dtype)
    bits = array.astype(np.float32).view(np.uint32)
    even = bits + np.uint32(0x7FFF) + (bits >> np.uint32(16) & np.uint32(1))  # to nearest, ties to even
    kept: Array = (even & np.uint32(0xFFFF0000)).view(np.float32)
    return kept.astype(array.dtype)
