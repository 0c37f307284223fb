"""How far two arrays are apart."""

from __future__ import annotations

import sys

import numpy as np

from .tensors import Array, is_exact


def relative_error(actual: Array, reference: Array) -> tuple[float, float]:
    """Return (max|a - r|, the same / max|r|) over the finite elements, in float64.

    Where r is 0 everywhere, the second is not normalised. Integers that differ are at least 1 apart. What overflows is
    the largest float: JSON has no infinity.
    """
    finite = np.isfinite(reference)
    if not finite.any():
        return 0.0, 0.0
    answered, expected = actual[finite], reference[finite]
    with np.errstate(over="ignore"):
        difference = np.abs(answered.astype(np.float64) - expected.astype(np.float64))
    if is_exact(expected.dtype.name):  # above 2**53, float64 cannot tell neighbours apart
        difference = np.where(answered == expected, 0.0, np.maximum(difference, 1.0))
    max_abs, scale = float(difference.max()), float(np.abs(expected.astype(np.float64)).max())
    relative = max_abs / scale if scale > 0 else max_abs
    return min(max_abs, sys.float_info.max), min(relative, sys.float_info.max)
