"""What a comparison and a reference check know of an output: its declaration, and arrays."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from .npy import read
from .shapes import Shape

Array = NDArray[np.generic]


class Declared(Protocol):
    """An output as it is declared; `dtype` is numpy's name of it."""

    @property
    def name(self) -> str: ...

    @property
    def dtype(self) -> str: ...

    @property
    def shape(self) -> Shape: ...


def has_steps(output: Declared) -> bool:
    """Return whether the first axis of an output is the steps of a model with state."""
    return getattr(output, "steps", None) is not None


def is_exact(dtype: str) -> bool:
    """Return whether a dtype is compared exactly: integers and booleans are."""
    return not dtype.startswith("float")


def equally_finite(array: Array, other: Array) -> bool:
    """Return whether NaN and each infinity stand in the same places of two arrays of one shape."""
    return np.array_equal(_nonfinite(array), _nonfinite(other), equal_nan=True)


def load(path: Path) -> Array:
    """Read one .npy file, strictly. Raise MalformedArray, which is a ValueError."""
    return read(path)


def _nonfinite(array: Array) -> NDArray[np.float64]:
    """Return NaN where there is NaN, the sign where there is an infinity, and 0 elsewhere."""
    if array.dtype.kind != "f":
        return np.zeros(array.shape)
    return np.where(np.isfinite(array), 0.0, np.sign(array.astype(np.float64)))
