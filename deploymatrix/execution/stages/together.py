"""Labelled samples and what is answered to them: inputs in a file each, answers and labels of all of them in one.

A file for each answer would cost more than to compute it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from deploymatrix.numerics.tensors import load

if TYPE_CHECKING:
    from deploymatrix.project.project import Model
    from deploymatrix.store.entries import Entry

LABELS = "labels"  # the folder of the labels, in the entry of the labelled data
LABELLED = "labelled"  # the folder of the answers to them, in the reference


def labelled_paths(model: Model, labels: Entry) -> list[dict[str, Path]]:
    """Return for each labelled sample the .npy file of each input. labels: the entry of the labelled data."""
    names = [tensor.name for tensor in model.spec.inputs]
    return [{name: labels.files / str(i) / f"{name}.npy" for name in names} for i in range(labels.about["samples"])]


def laid_together(folder: Path, first: int, count: int, name: str, into: Path) -> None:
    """Lay <i>/<name>.npy of so many samples into one file. Raise ValueError where their shapes differ."""
    import numpy as np

    arrays = [load(folder / str(index) / f"{name}.npy") for index in range(first, first + count)]
    if len({(array.shape, array.dtype) for array in arrays}) > 1:
        raise ValueError(f"{name}: the answers to labelled samples differ in shape or dtype")
    into.mkdir(exist_ok=True)
    np.save(into / f"{name}.npy", np.stack(arrays), allow_pickle=False)
