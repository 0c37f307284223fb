"""Whether a reference proves anything: declared shapes, finite values, and outputs that vary between samples."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from .outliers import expected_values, far_out
from .tensors import Array, Declared, is_exact, load

# Share of an output's size by which it must vary between samples. A random MobileNetV2 whose signal has collapsed
# varies by less than 1e-6; the reference models vary by 0.1 and more.
LEAST_VARIATION = 0.01


def reference_problem(outputs: Iterable[Declared], samples: int, folder: Path) -> str | None:
    """Return why the outputs in `folder` (<i>/<output>.float64.npy, .float32.npy) prove nothing; None if they do."""
    for output in outputs:
        exact = [load(folder / str(sample) / f"{output.name}.float64.npy") for sample in range(samples)]
        eager = [load(folder / str(sample) / f"{output.name}.float32.npy") for sample in range(samples)]
        problem = (
            _declaration_problem(output, eager)
            or _finiteness_problem(exact, eager)
            or _collapse_problem(output, exact, eager)
        )
        if problem:
            return f"output {output.name}: {problem}"
    return None


def variation(outputs: list[Array]) -> float:
    """Return the largest standard deviation of an element between samples, over the largest magnitude of any."""
    stacked = np.stack([output.astype(np.float64) for output in outputs])
    scale = float(np.abs(stacked).max())
    return float(stacked.std(axis=0).max()) / scale if scale > 0 else 0.0


def _variation_in_range(exact: list[Array], eager: list[Array]) -> float:
    """Return the variation of the values that no sample masks; where there are none, that of the masks."""
    expected = np.stack([expected_values(*pair) for pair in zip(exact, eager, strict=True)])
    ordinary = np.isfinite(expected) & ~far_out(expected)
    everywhere = ordinary.all(axis=0)
    return variation([*(expected[:, everywhere] if everywhere.any() else ordinary)])


def _declaration_problem(output: Declared, eager: list[Array]) -> str | None:
    for array in eager:
        if array.shape != output.shape or array.dtype != np.dtype(output.dtype):
            return (
                f"the model gives {array.dtype}{list(array.shape)}, model.toml declares "
                f"{output.dtype}{list(output.shape)}; correct model.toml"
            )
    return None


def _finiteness_problem(exact: list[Array], eager: list[Array]) -> str | None:
    """Allow an infinity on which float64 and eager float32 agree: it is a convention, such as a mask. NaN is none."""
    for reference, answer in zip(exact, eager, strict=True):
        if is_exact(answer.dtype.name):
            continue
        expected, found = expected_values(reference, answer), answer.astype(np.float64)
        if np.isnan(expected).any() or np.isnan(found).any():
            return "holds NaN, so nothing can be compared; change the samples or the model"
        lost = np.isinf(reference) & (found != reference)
        if lost.any() or (np.isinf(found) & (found != expected)).any():
            return "holds an infinity in float64 or eager float32 alone; change the samples or the model"
    return None


def _collapse_problem(output: Declared, exact: list[Array], eager: list[Array]) -> str | None:
    found = variation(exact) if is_exact(output.dtype) else _variation_in_range(exact, eager)
    if found < LEAST_VARIATION and not (is_exact(output.dtype) and found > 0):
        return (
            f"varies between samples by only {found:.1e} of its size (at least {LEAST_VARIATION} is needed): a model "
            "that answers the same to everything proves nothing; set calibrate = true or initialise it otherwise"
        )
    return None
