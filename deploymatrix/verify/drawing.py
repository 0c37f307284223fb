"""Inputs drawn where the user gives none: so many that every row of a lookup is touched, if 64 samples can."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from deploymatrix.numerics.shapes import Binding
from deploymatrix.numerics.tensors import Array
from deploymatrix.verify.dims import bound
from deploymatrix.verify.dtypes import rounded
from deploymatrix.verify.ranges import Draw

FEWEST, MOST = 4, 64
# Deviations of the samples in turn: larger ones reach beyond the knees of clipped functions, smaller ones show the
# epsilon of a normalisation.
AMPLITUDES = (1.0, 4.0, 1.0, 0.25)
COUNTABLE = 2**20  # integers of a wider range are drawn at random, but for the first and the last


def draw_inputs(
    draws: Mapping[str, Draw], seed: int, samples: int | None = None, sizes: Sequence[Binding] = ({},)
) -> list[dict[str, Array]]:
    """Draw `samples` samples; None: 4, or as many as it takes to deal out the integers of known ranges, up to 64.

    `sizes`: those of the free axes, which samples take in turn, each twice at least. Without inputs: one sample.
    """
    if not draws:
        return [{}]
    most = MOST if samples is None else samples
    hands = {name: _hands(draw, most, [seed, place], sizes) for place, (name, draw) in enumerate(draws.items())}
    turns = 2 * len(sizes) if len(sizes) > 1 else 1
    count = min(max([FEWEST, turns, *map(len, hands.values())]), most) if samples is None else samples
    found = []
    for index in range(count):
        binding = sizes[index % len(sizes)]
        found.append(
            {
                name: _draw(draw, bound(draw.shape, binding), hands[name][index : index + 1], index, [seed, place])
                for place, (name, draw) in enumerate(draws.items())
            }
        )
    return found


def _draw(draw: Draw, shape: tuple[int, ...], hand: Sequence[Array], index: int, seed: Sequence[int]) -> Array:
    """Draw one array: the hand's integers, where there is one; a larger array has some of them again."""
    generator = np.random.default_rng([*seed, 0, index])
    values: Array
    if hand:
        more = generator.choice(hand[0], int(np.prod(shape)) - len(hand[0]))
        values = generator.permutation(np.concatenate([hand[0], more])).reshape(shape)
    elif draw.values == "normal":
        values = AMPLITUDES[index % len(AMPLITUDES)] * generator.standard_normal(shape)
    elif draw.values == "booleans":
        values = generator.integers(0, 2, shape)
    elif draw.values == "uniform":
        assert draw.range is not None
        values = generator.uniform(draw.range.low, draw.range.high, shape)
    else:
        values = _integers(draw, generator, shape)
    array = np.asarray(values).astype(draw.dtype)
    return array if draw.rounded_to is None or draw.values == "integers" else rounded(array, draw.rounded_to)


def _hands(draw: Draw, most: int, seed: Sequence[int], sizes: Sequence[Binding]) -> list[Array]:
    """Deal the integers of a known range out to samples, twice; the first and the last come first: all may not fit.

    A sum over positions does not tell two rows apart that one sample holds equally often. So the second deal shuffles
    anew, and fills half of each hand with repetitions of the other half.
    """
    size = min(int(np.prod(bound(draw.shape, binding))) for binding in sizes)  # each sample has room for a hand
    if draw.values != "integers" or draw.known_by is None or size == 0:
        return []
    generator = np.random.default_rng([*seed, 1])
    low, high = _bounds(draw)
    ends = np.array([low, high - 1][: high - low], dtype=_whole_dtype(draw))
    if high - low > COUNTABLE:
        return _dealt(np.concatenate([ends, _integers(draw, generator, (size,))])[:size], size)
    everything = np.array(range(low, high), dtype=_whole_dtype(draw))
    first = _dealt(np.concatenate([ends, generator.permutation(everything[1:-1])])[: most * size], size)
    first[-1] = np.concatenate([first[-1], _integers(draw, generator, (size - len(first[-1]),))])
    again = _dealt(generator.permutation(everything)[: most * size], size // 2) if size > 1 else []
    return [*first, *(np.concatenate([hand, generator.choice(hand, size - len(hand))]) for hand in again)]


def _dealt(deck: Array, size: int) -> list[Array]:
    return [deck[start : start + size] for start in range(0, len(deck), size)]


def _integers(draw: Draw, generator: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return np.asarray(generator.integers(*_bounds(draw), shape, dtype=_whole_dtype(draw)))


def _whole_dtype(draw: Draw) -> np.dtype[np.generic]:
    """Return the dtype that holds the integers until they become the input's own."""
    return np.dtype(draw.dtype) if np.dtype(draw.dtype).kind in "iu" else np.dtype(np.int64)


def _bounds(draw: Draw) -> tuple[int, int]:
    """Return the range of integers, which have one."""
    assert draw.range is not None
    return int(draw.range.low), int(draw.range.high)
