"""Samples: seeded inputs drawn from what model.toml declares, saved as .npy.

This file stands alone: its digest is a part of the key of samples, which other code must not draw anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Drawn(Protocol):
    """An input as it is declared, and how its values are drawn: see `draw`. `dtype` is numpy's name of it."""

    @property
    def name(self) -> str: ...

    @property
    def dtype(self) -> str: ...

    @property
    def shape(self) -> tuple[int, ...]: ...

    @property
    def values(self) -> str: ...

    @property
    def low(self) -> float | None: ...

    @property
    def high(self) -> float | None: ...


def write_samples(inputs: Sequence[Drawn], seed: int, samples: int, folder: Path) -> None:
    """Write `<folder>/<i>/<input>.npy` for every sample i and input, of the declared dtype and shape."""
    for index in range(samples):
        generator = np.random.default_rng([seed, index])
        (folder / str(index)).mkdir(parents=True)
        for declared in inputs:
            np.save(folder / str(index) / f"{declared.name}.npy", draw(declared, generator), allow_pickle=False)


def draw(declared: Drawn, generator: np.random.Generator) -> NDArray[np.generic]:
    """Draw one array of the declared dtype and shape.

    normal: mean 0, deviation 1. uniform, integers: from low up to, but not including, high.
    prefix_mask: along the last axis ones, then zeros, with at least one one: the mask of a padded sequence.
    """
    low, high = declared.low, declared.high
    if declared.values == "normal":
        values: NDArray[np.generic] = generator.standard_normal(declared.shape)
    elif declared.values == "uniform":
        assert low is not None and high is not None  # whoever declares it gives both
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
