"""Inputs drawn for a signature, where the user gives none."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from deploymatrix.errors import ConfigurationError
from deploymatrix.numerics.tensors import Array
from deploymatrix.verify.artifacts import Slot

SAMPLES = 4
# Low, and high excluded, of the integers drawn: bytes are pixels; others may be token numbers or masks, for which 0 and
# 1 are always in range.
RANGES = {"uint8": (0, 256), "int8": (-128, 128)}


def draw_inputs(slots: Mapping[str, Slot], seed: int, samples: int = SAMPLES) -> list[dict[str, Array]]:
    """Draw inputs for a signature: floats are normal, booleans even; a batch size that varies is 1.

    Raise ConfigurationError where the artifact does not tell a dtype or a shape.
    """
    for name, slot in slots.items():
        if slot.dtype is None or slot.shape is None or None in slot.shape[1:]:
            raise ConfigurationError(
                f"cannot draw values for input {name}, which the artifact describes as {slot}; give --inputs in.npz"
            )
    drawn = []
    for index in range(samples):
        generator = np.random.default_rng([seed, index])
        drawn.append({name: _draw(slot, generator) for name, slot in slots.items()})
    return drawn


def _draw(slot: Slot, generator: np.random.Generator) -> Array:
    assert slot.dtype is not None and slot.shape is not None
    dtype, shape = np.dtype(slot.dtype), [1 if size is None else size for size in slot.shape]
    if dtype.kind == "f":
        return np.asarray(generator.standard_normal(shape).astype(dtype))
    low, high = RANGES.get(slot.dtype, (0, 2))
    return np.asarray(generator.integers(low, high, shape).astype(dtype))
