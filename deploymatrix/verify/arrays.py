"""The .npz files of --inputs and --reference."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np

from deploymatrix.errors import ConfigurationError
from deploymatrix.numerics.tensors import Array


def read_arrays(path: Path) -> dict[str, Array]:
    """Read the arrays of an .npz file by name. Raise ConfigurationError for another file, for objects, or for none."""
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: np.asarray(file[name]) for name in file.files}
    except (OSError, EOFError, ValueError, TypeError, AttributeError, zipfile.BadZipFile) as error:
        raise ConfigurationError(f"{path}: not a readable .npz of plain arrays: {error}") from None
    if not arrays:
        raise ConfigurationError(f"{path}: holds no arrays")
    for name, array in arrays.items():
        if array.dtype.kind not in "fiub":
            raise ConfigurationError(f"{path}: {name}: {array.dtype} is neither a number nor a boolean")
    return arrays
