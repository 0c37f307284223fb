"""Tensors as .npy files, and the cast that refuses to change a value."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from .tasks import SamplePaths


Array = np.ndarray[Any, np.dtype[Any]]


def read_samples(samples: list[SamplePaths]) -> list[dict[str, Array]]:
    """Return the arrays of samples, which come as paths by input name. Raise ValueError where there are none."""
    if not samples:
        raise ValueError("there are no samples: at least one is needed")
    return [{name: read(Path(path)) for name, path in sample.items()} for sample in samples]


def read(path: Path) -> Array:
    """Read one tensor. Raise ValueError for objects, which would need pickle."""
    array: Array = np.load(path, allow_pickle=False)
    return array


def write(path: Path, array: Array) -> None:
    """Write one tensor as it is. Raise ValueError for objects, which would need pickle."""
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, np.asarray(array, order="C"), allow_pickle=False)  # some readers know no other order


def checked(outputs: Any, source: str) -> dict[str, Array]:
    """Return the outputs of the user's code as copies. Raise TypeError unless they are a dict of name to array."""
    if not isinstance(outputs, dict):
        raise TypeError(f"{source} returned {type(outputs).__name__}; it must return a dict of name to numpy.ndarray")
    for name, value in outputs.items():
        if not isinstance(name, str):
            raise TypeError(f"{source} returned an output named {name!r}; names must be str")
        if not isinstance(value, (np.ndarray, np.generic)):
            raise TypeError(f"{source} returned {type(value).__name__} as {name!r}; it must be a numpy.ndarray")
    return {name: np.array(value) for name, value in outputs.items()}


def identical(array: Array, other: Array) -> bool:
    """Return whether two tensors are the same bit by bit, NaN included."""
    return array.dtype == other.dtype and array.shape == other.shape and array.tobytes() == other.tobytes()


def cast(array: Array, dtype: str, name: str) -> Array:
    """Return `array` as `dtype`. Raise ValueError where a value would not survive.

    Between floating types values are rounded, as a narrower variant needs it: only finite must stay finite.
    """
    target = np.dtype(dtype)
    if array.dtype == target:
        return array
    with np.errstate(all="ignore"):
        converted = array.astype(target)
        if array.dtype.kind == target.kind == "f":
            survives = np.array_equal(np.isfinite(converted), np.isfinite(array))
        else:  # -1 as uint8 comes back as it was, and 2**53 + 1 equals itself as float32: so both tests
            survives = np.array_equal(converted, array) and np.array_equal(converted.astype(array.dtype), array)
    if not survives:
        raise ValueError(f"input {name!r}: {array.dtype} values that {dtype} cannot hold")
    return converted
