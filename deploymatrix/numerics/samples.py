"""Samples: seeded inputs drawn from what model.toml declares, saved as .npy, and drawn so that they tell models apart.

Plain random draws leave much unseen: activations that stay below the knee of a clipped function, one branch of a
condition, masks of one length, a few of many token numbers. So samples come in pairs that mirror each other, at two
amplitudes, and what can be counted is spread over its range. The first two samples are the ordinary ones: calibration
takes these (pipelines/frameworks), and exporters trace with the first.

The digest of this file is a part of the key of samples, which other code must not draw anew; so is the digest of
distributions.py or images.py where an input is drawn by it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from .distributions import Drawn as Distributed
from .distributions import chosen, log_normal, one_hot, padded_ids, sorted_uniform
from .images import Drawn as Imaged
from .images import image

AMPLITUDES = (1.0, 8.0)  # of the pairs in turn: at 8, activations calibrated to 1/2 exceed ReLU6's knee in 7 of 100
WIDEST = 2**52  # integers above are not all float64


FURTHER: dict[str, Callable[[Any, list[int], int], NDArray[np.generic]]] = {
    "log_normal": log_normal,
    "sorted": sorted_uniform,
    "one_hot": one_hot,
    "padded_ids": padded_ids,
    "choice": chosen,
    "image": image,
}


class Drawn(Distributed, Imaged, Protocol):
    """An input as it is declared, and how its values are drawn: see `draw`. `dtype` is numpy's name of it."""

    @property
    def name(self) -> str: ...

    @property
    def values(self) -> str: ...


def write_samples(inputs: Sequence[Drawn], seed: int, samples: int, folder: Path) -> None:
    """Write `<folder>/<i>/<input>.npy` for every sample i and input, of the declared dtype and shape."""
    for index in range(samples):
        write_sample(inputs, seed, index, folder / str(index))


def write_sample(inputs: Sequence[Drawn], seed: int, index: int, folder: Path) -> None:
    """Write `<folder>/<input>.npy` for each input of sample `index`: the inputs of a sample may have its own sizes."""
    folder.mkdir(parents=True)
    for position, declared in enumerate(inputs):
        np.save(folder / f"{declared.name}.npy", draw(declared, [seed, position], index), allow_pickle=False)


def draw(declared: Drawn, seed: list[int], index: int) -> NDArray[np.generic]:
    """Draw one array of the declared dtype and shape, for sample `index`; `seed` is the input's own.

    normal: mean 0, deviation 1 in samples 0 and 1, 8 in samples 2 and 3, and so on in turn. An odd sample is the one
    before it with the sign changed. uniform: from low up to high; samples 2 and 3 of each four from the upper and the
    lower half. An odd sample mirrors the one before it at the middle.
    integers: from low up to, but not including, high: see `_integers`. prefix_mask: see `_prefix_mask`. The others:
    see FURTHER.
    """
    low, high = declared.low, declared.high
    if declared.values == "normal":
        values: NDArray[np.generic] = _normal(declared.shape, seed, index)
    elif declared.values == "uniform":
        assert low is not None and high is not None  # whoever declares it gives both
        values = _uniform(declared.shape, low, high, seed, index)
    elif declared.values == "integers":
        assert low is not None and high is not None
        values = _integers(declared.shape, int(low), int(high), seed, index)
    elif declared.values == "prefix_mask":
        values = _prefix_mask(declared.shape, seed, index)
    else:
        values = FURTHER[declared.values](declared, seed, index)
    return np.asarray(values.astype(declared.dtype), order="C")  # ascontiguousarray() would give a scalar an axis


def _normal(shape: tuple[int, ...], seed: list[int], index: int) -> NDArray[np.float64]:
    pair, mirrored = divmod(index, 2)
    values = AMPLITUDES[pair % len(AMPLITUDES)] * _generator(seed, pair).standard_normal(shape)
    return -values if mirrored else values


def _uniform(shape: tuple[int, ...], low: float, high: float, seed: list[int], index: int) -> NDArray[np.float64]:
    pair, mirrored = divmod(index, 2)
    values = _generator(seed, pair).uniform(low if pair % 2 == 0 else low / 2 + high / 2, high, shape)
    return low + (high - values) if mirrored else values


def _integers(shape: tuple[int, ...], low: int, high: int, seed: list[int], index: int) -> NDArray[np.int64]:
    """Draw integers that are spread over the whole range: the first and the last are in it.

    Where the array has room for all of them, each occurs; the rest is drawn at random. Where it has not, the range is
    cut into as many equal strata as there is room, with one from each, which moves on in its stratum from sample to
    sample. A range of four times the room is covered by four samples. One beyond 2**52 is drawn at random, but for the
    first and the last.
    """
    generator, size, span = _generator(seed, index), int(np.prod(shape)), high - low
    if span <= size:
        values = np.concatenate([np.arange(low, high), generator.integers(low, high, size - span)])
    elif span <= WIDEST:
        start = _generator(seed, 0).random(size)
        start[0], start[-1] = 0.0, 1.0 - size / (2 * span)  # so that sample 0 has the first and the last
        place = (start + _halving(index)) % 1
        values = low + np.minimum((np.arange(size) + place) * (span / size), span - 1).astype(np.int64)
    else:
        values = np.sort(generator.integers(low, high, size))
        values[0], values[-1] = low, high - 1
    if size == 1 and index < 2:
        values[0] = (low, high - 1)[index]
    return generator.permutation(values).reshape(shape)


def _halving(index: int) -> float:
    """Return 0, 1/2, 1/4, 3/4, 1/8, …: places that cut an interval evenly (van der Corput's sequence)."""
    return float(sum((index >> bit & 1) * 0.5 ** (bit + 1) for bit in range(index.bit_length())))


def _prefix_mask(shape: tuple[int, ...], seed: list[int], index: int) -> NDArray[np.bool_]:
    """Draw ones and then zeros along the last axis, with at least one one: the mask of a padded sequence.

    The first row's length is any in sample 0, the whole in sample 1, one in sample 2, any in sample 3, and so on; a
    further row goes on where the row before it began.
    """
    longest, rows = shape[-1], int(np.prod(shape[:-1]))
    lengths = _generator(seed, index).integers(1, longest + 1, rows)
    turn = (index + np.arange(rows)) % 4
    lengths = np.where(turn == 1, longest, np.where(turn == 2, 1, lengths)).reshape(shape[:-1])
    return np.arange(longest) < lengths[..., np.newaxis]


def _generator(seed: list[int], draw: int) -> np.random.Generator:
    return np.random.default_rng([*seed, draw])
