"""The .npz files of --inputs and --reference."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from deploymatrix.errors import ConfigurationError
from deploymatrix.numerics.tensors import Array


def read_samples(paths: Sequence[Path]) -> list[dict[str, Array]]:
    """Read a sample from each file. Raise ConfigurationError where one holds other names or shapes than the first."""
    samples = [read_arrays(path) for path in paths]
    shapes = [{name: array.shape for name, array in sample.items()} for sample in samples]
    for path, found in zip(paths, shapes, strict=True):
        if found != shapes[0]:
            raise ConfigurationError(f"{path}: holds {found}, but {paths[0]} {shapes[0]}; each file is one sample")
    return samples


def require_pairs(inputs: Sequence[Path], reference: Sequence[Path]) -> None:
    """Raise ConfigurationError unless there is one reference for each of the inputs."""
    if len(inputs) != len(reference):
        raise ConfigurationError(
            f"{len(inputs)} --inputs and {len(reference)} --reference: give one for each, in order"
        )


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
