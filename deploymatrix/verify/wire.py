"""Arrays on their way to a worker and back: .npy files, under names that files can have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from deploymatrix.numerics.tensors import Array, load
from deploymatrix.verify.artifacts import Sample


def wire_names(names: Iterable[str]) -> dict[str, str]:
    """Return for each name one that can be a file's: an artifact's own name may hold slashes and colons."""
    safe = {}
    for index, name in enumerate(names):
        plain = "".join(c if (c.isalnum() and c.isascii()) or c in "_-" else "_" for c in name)
        safe[name] = name if plain == name and name else f"{plain}.{index}"
    return safe


def write_samples(folder: Path, samples: Sequence[Sample], names: Mapping[str, str]) -> None:
    """Write <sample number>/<wire name>.npy into `folder`."""
    for index, sample in enumerate(samples):
        (folder / str(index)).mkdir()
        for name, array in sample.items():
            np.save(folder / str(index) / f"{names[name]}.npy", array, allow_pickle=False)


def read_outputs(folder: Path, names: Mapping[str, str]) -> dict[str, Array]:
    """Read the arrays of one sample; `names` gives for each array its wire name.

    Raise OSError or ValueError for what is no .npy file of numbers.
    """
    return {name: load(folder / f"{wire}.npy") for name, wire in names.items()}
