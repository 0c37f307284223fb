"""Samples: seeded inputs drawn from what model.toml declares, saved as .npy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from deploymatrix.project.specs import Input, ModelSpec


def write_samples(spec: ModelSpec, folder: Path) -> None:
    """Write `<folder>/<i>/<input>.npy` for every sample i and input, of the declared dtype and shape."""
    for index in range(spec.samples):
        generator = np.random.default_rng([spec.seed, index])
        (folder / str(index)).mkdir(parents=True)
        for declared in spec.inputs:
            np.save(folder / str(index) / f"{declared.name}.npy", draw(declared, generator), allow_pickle=False)


def draw(declared: Input, generator: np.random.Generator) -> NDArray[np.generic]:
    """One array of the declared dtype and shape.

    normal: mean 0, deviation 1. uniform, integers: from low up to, but not including, high.
    prefix_mask: along the last axis ones, then zeros, with at least one one: the mask of a padded sequence.
    """
    low, high = declared.low, declared.high
    if declared.values == "normal":
        values: NDArray[np.generic] = generator.standard_normal(declared.shape)
    elif declared.values == "uniform":
        assert low is not None and high is not None  # specs.Input requires both
        values = generator.uniform(low, high, declared.shape)
    elif declared.values == "integers":
        assert low is not None and high is not None
        values = generator.integers(int(low), int(high), declared.shape)
    else:
        values = _prefix_mask(declared.shape, generator)
    return np.ascontiguousarray(values.astype(declared.dtype))


def _prefix_mask(shape: tuple[int, ...], generator: np.random.Generator) -> NDArray[np.generic]:
    lengths = generator.integers(1, shape[-1] + 1, shape[:-1])
    return np.arange(shape[-1]) < lengths[..., np.newaxis]
