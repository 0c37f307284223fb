"""What a comparison and a reference check know of an output: its declaration, and arrays."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.generic]


class Declared(Protocol):
    """An output as it is declared; `dtype` is numpy's name of it."""

    @property
    def name(self) -> str: ...

    @property
    def dtype(self) -> str: ...

    @property
    def shape(self) -> tuple[int, ...]: ...


def is_exact(dtype: str) -> bool:
    """Return whether a dtype is compared exactly: integers and booleans are."""
    return not dtype.startswith("float")


def load(path: Path) -> Array:
    """Read one .npy file. Raise ValueError for objects, which would need pickle."""
    array: Array = np.load(path, allow_pickle=False)
    return array
