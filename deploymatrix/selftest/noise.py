"""Distances where noise is judged: how far answers moved, as a multiple of the noise that is there anyway.

All are roots of mean squares over all samples, relative to that of float64, as loss and fidelity are.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from deploymatrix.numerics.tensors import Array, is_exact, load

if TYPE_CHECKING:
    from deploymatrix.numerics.compare import Answers

HALF_A_UNIT = 2.0**-24  # what rounding to float32 does to a value
LARGEST = 1e9  # of a figure in a report


def noise_distance(answers: Answers, before: Path | None, units: Mapping[str, float]) -> float | None:
    """Return how far `answers` are from those in the folder `before`, by the worst output.

    before: None stands for the float64 reference. units: by output, the noise that counts as one. None where they
    cannot be measured: other shapes, or not finite.
    """
    found = [_moved(answers, before, output.name, output.dtype, units.get(output.name)) for output in answers.declared]
    return None if None in found else min(max((f for f in found if f is not None), default=0.0), LARGEST)


def units_of(outputs: list[dict[str, Any]], *, quantiser: bool) -> dict[str, float]:
    """Return by output the noise of a cell that passed, as its record has it.

    Of the quantised graph for a fault of the quantiser. For one of the runtime, what its own rounding leaves between
    two answers to one graph: a change anywhere in a deep graph draws all levels that rounding flips anew. Where the
    cell has no second reference, its answers' own noise stands for both.
    """
    return {output["name"]: _unit(output, quantiser=quantiser) for output in outputs if output["error"] is not None}


def _unit(output: dict[str, Any], *, quantiser: bool) -> float:
    fidelity = output.get("fidelity")
    noise = output["error"] if fidelity is None else fidelity["loss"] if quantiser else math.sqrt(2) * fidelity["error"]
    return max(float(noise), HALF_A_UNIT)


def _moved(answers: Answers, before: Path | None, name: str, dtype: str, unit: float | None) -> float | None:
    after = [load(answers.actual / str(sample) / f"{name}.npy") for sample in range(answers.samples)]
    exact = answers.of_reference(name, "float64")
    then = exact if before is None else [load(before / str(s) / f"{name}.npy") for s in range(answers.samples)]
    if [array.shape for array in after] != [array.shape for array in then]:
        return None
    if is_exact(dtype):
        return 0.0 if all(np.array_equal(*pair) for pair in zip(after, then, strict=True)) else LARGEST
    with np.errstate(all="ignore"):
        size = _size(exact) or 1.0
        moved = _size([_wide(a) - _wide(b) for a, b in zip(after, then, strict=True)]) / size / (unit or 1.0)
    return moved if np.isfinite(moved) else None


def _wide(array: Array) -> Any:
    return array.astype(np.float64)


def _size(arrays: list[Array]) -> float:
    """Return the root of the mean square of all values; 0 where there are none."""
    values = np.concatenate([_wide(array).reshape(-1) for array in arrays])
    return float(np.sqrt(np.mean(values**2))) if values.size else 0.0
