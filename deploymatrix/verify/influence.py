"""Inputs that one of two artifacts lacks: whether they matter to the other one, seen by changing their values."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from deploymatrix.numerics.tensors import Array
from deploymatrix.verify.artifacts import Answer, Sample

ROUNDS = 3  # with what fraction of elements changed: all, all otherwise, and about half


def changed(samples: Sequence[Sample], lost: Collection[str], seed: int) -> list[dict[str, Array]]:
    """Return the samples ROUNDS times with other values of the lost inputs, of the range that all samples show."""
    ranges = {name: _range([sample[name] for sample in samples]) for name in lost}
    found = []
    for turn in range(ROUNDS):
        for index, sample in enumerate(samples):
            generator = np.random.default_rng([seed, 2, turn, index])
            others = {name: _other(sample[name], ranges[name], turn, generator) for name in lost}
            found.append({**sample, **others})
    return found


def influenced(before: Answer, after: Answer) -> list[str]:
    """Return the outputs of which any value changed. `after`: answers to what `changed` returned."""
    names = before.outputs[0] if before.outputs else {}
    pairs = list(zip([*before.outputs] * ROUNDS, after.outputs, strict=True))
    return [name for name in names if any(not _same(old[name], new.get(name)) for old, new in pairs)]


def _range(arrays: list[Array]) -> tuple[float, float]:
    """Return the least and the largest value; where all are one number, which shows nothing, its neighbour besides."""
    together = np.concatenate([array.ravel() for array in arrays]).astype(np.float64)
    finite = together[np.isfinite(together)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    return (low, high) if low < high else (0.0, 1.0) if low in (0.0, 1.0) else (low - 1, low)


def _other(array: Array, bounds: tuple[float, float], turn: int, generator: np.random.Generator) -> Array:
    """Return other values of the same range: mirrored, which no value but the middle one survives; else drawn."""
    low, high = bounds
    if array.dtype.kind == "b":
        return np.logical_not(array) if turn == 0 else generator.integers(0, 2, array.shape).astype(bool)
    if turn == 0:
        mirrored = low + high - array.astype(np.float64)
        return np.where(np.isfinite(mirrored), mirrored, low).astype(array.dtype)
    drawn = generator.uniform(low, high, array.shape)
    whole = np.round(drawn) if array.dtype.kind in "iu" else drawn
    other: Array = whole.astype(array.dtype)
    return other if turn == 1 else np.where(generator.integers(0, 2, array.shape) == 1, other, array)


def _same(old: Array, new: Array | None) -> bool:
    return new is not None and np.array_equal(old, new, equal_nan=old.dtype.kind == "f")


def constant_inputs(samples: Sequence[Mapping[str, Array]], names: Collection[str]) -> list[str]:
    """Return which of the inputs have the same values in all samples."""
    return [name for name in names if all(_same(samples[0][name], sample[name]) for sample in samples)]
