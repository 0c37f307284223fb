"""Values that stand far out of an output's own range, such as masks of -1e9, and infinities by convention.

They are found from the reference, set nobody's scale, and are judged by themselves.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .tensors import Array

# A mask is at least so large, and so many times as large as the largest value that is none: -1e4, -65504, -1e9, the
# least float32. Logits reach tens, pixels and boxes a few thousand.
LEAST = 5e3
GAP = 100.0

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


def expected_values(reference: Array, eager: Array) -> Floats:
    """Return the reference in float64, and where it is beyond eager's dtype, eager's own answer.

    There a float64 model and a float32 one cannot agree: the dtype's least value, or an infinity, is a convention.
    """
    exact = reference.astype(np.float64)
    if eager.dtype.kind != "f":
        return exact
    beyond = np.abs(exact) > float(np.finfo(eager.dtype.name).max)
    return np.where(beyond, eager.astype(np.float64), exact) if beyond.any() else exact


def far_out(expected: Floats) -> Flags:
    """Return which finite values stand far out: all beyond the first gap in the sorted magnitudes of all samples."""
    size = np.abs(expected)
    if size.max(initial=0.0) < LEAST:  # the usual case; NaN is not below
        return np.zeros(expected.shape, dtype=bool)
    finite = np.isfinite(size)
    magnitudes = np.unique(size[finite])
    below, above = magnitudes[:-1], magnitudes[1:]
    gaps = np.flatnonzero((above >= LEAST) & (below > 0) & (above >= GAP * below))
    if not len(gaps):
        return np.zeros(expected.shape, dtype=bool)
    far: Flags = finite & (size >= above[gaps[0]])
    return far
