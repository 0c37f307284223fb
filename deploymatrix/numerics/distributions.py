"""Further distributions of drawn samples: positive, ordered, one of several, padded, or exactly given values.

As in samples.py, samples come in mirrored pairs where a mirror makes sense, and what can be counted is dealt out, so
that few samples meet all of it. Each function gets the input, its seed and the number of the sample.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

DEVIATIONS = (1.0, 2.0)  # of the logarithm, of the pairs in turn


class Drawn(Protocol):
    """An input as it is declared."""

    @property
    def dtype(self) -> str: ...

    @property
    def shape(self) -> tuple[int, ...]: ...

    @property
    def low(self) -> float | None: ...

    @property
    def high(self) -> float | None: ...

    @property
    def choice(self) -> tuple[float, ...] | None: ...

    @property
    def pad(self) -> int | None: ...


def log_normal(declared: Drawn, seed: list[int], index: int) -> NDArray[np.float64]:
    """Draw exp(z) with z normal, of deviation 1 in samples 0 and 1, 2 in 2 and 3; an odd sample is 1/x of the even."""
    pair, mirrored = divmod(index, 2)
    power = DEVIATIONS[pair % len(DEVIATIONS)] * _generator(seed, pair).standard_normal(declared.shape)
    return np.exp(-power if mirrored else power)


def sorted_uniform(declared: Drawn, seed: list[int], index: int) -> NDArray[np.generic]:
    """Draw uniform values from low to high (integers: high excluded), ascending along the last axis.

    An odd sample is the one before it, mirrored at the middle and turned round, so it ascends, too.
    """
    low, high = _bounds(declared)
    pair, mirrored = divmod(index, 2)
    if declared.dtype.startswith("float"):
        values: NDArray[np.float64] = np.sort(_generator(seed, pair).uniform(low, high, declared.shape), axis=-1)
        return np.flip(low + (high - values), axis=-1) if mirrored else values
    first, last = int(low), int(high) - 1
    whole = np.sort(_generator(seed, pair).integers(first, last, declared.shape, endpoint=True), axis=-1)
    return np.flip(first + (last - whole), axis=-1) if mirrored else whole


def one_hot(declared: Drawn, seed: list[int], index: int) -> NDArray[np.bool_]:
    """Draw rows along the last axis with a single one; classes are dealt out to rows and samples in turn."""
    classes, rows = declared.shape[-1], int(np.prod(declared.shape[:-1]))
    chosen = _dealt(classes, rows, seed, index).reshape(declared.shape[:-1])
    hot: NDArray[np.bool_] = np.arange(classes) == chosen[..., np.newaxis]
    return hot


def padded_ids(declared: Drawn, seed: list[int], index: int) -> NDArray[np.int64]:
    """Draw ids from low up to, but not including, high, and then the padding id, along the last axis; never pad alone.

    The first row's length is any in sample 0, the whole in sample 1, one in sample 2, any in sample 3, and so on; a
    further row goes on where the row before it began. The padding id stands for no other.
    """
    low, high = map(int, _bounds(declared))
    assert declared.pad is not None
    longest, rows = declared.shape[-1], int(np.prod(declared.shape[:-1]))
    generator = _generator(seed, index)
    ids = generator.integers(low, high - (low <= declared.pad < high), (rows, longest))
    ids += (low <= declared.pad) & (ids >= declared.pad)  # the range without pad
    lengths, turn = generator.integers(1, longest + 1, rows), (index + np.arange(rows)) % 4
    lengths = np.where(turn == 1, longest, np.where(turn == 2, 1, lengths))
    padded = np.where(np.arange(longest) < lengths[:, np.newaxis], ids, declared.pad)
    return padded.reshape(declared.shape)


def chosen(declared: Drawn, seed: list[int], index: int) -> NDArray[np.generic]:
    """Draw from the given values alone; each occurs where there is room, else they are dealt out to the samples."""
    assert declared.choice is not None
    size = int(np.prod(declared.shape))
    values = np.array(declared.choice, dtype=np.float64 if declared.dtype.startswith("float") else np.int64)
    return values[_dealt(len(values), size, seed, index)].reshape(declared.shape)


def _dealt(kinds: int, size: int, seed: list[int], index: int) -> NDArray[np.int64]:
    """Deal numbers below `kinds` out like cards: `kinds` of them in a row, over all samples, are all different."""
    cards = _generator(seed, 0).permutation(kinds)
    dealt: NDArray[np.int64] = cards[(index * size + np.arange(size)) % kinds]
    return _generator(seed, index).permutation(dealt)


def _bounds(declared: Drawn) -> tuple[float, float]:
    assert declared.low is not None and declared.high is not None  # whoever declares it gives both
    return declared.low, declared.high


def _generator(seed: list[int], draw: int) -> np.random.Generator:
    return np.random.default_rng([*seed, draw])
