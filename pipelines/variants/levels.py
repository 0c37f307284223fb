"""Whether a quantiser took the weights that it was told to, and its levels stand for them: within half a step of each.

Answers show that badly: a scale that is one and a half times what it is, weights in their neighbours' places, or one
scale for channels of unlike size may cost a model less than what its variant is allowed to lose.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

LEAST = 0.01  # of all weights: what a layer holds that counts
LEVELS = 127  # on each side of zero
HALF = 0.505  # of a step: what rounding leaves, in numbers that are themselves rounded
ROUNDING = 1e-6  # of a value, in float32
# Of the widest step of a weight: narrower ones may be made so wide. ONNX Runtime widens those with which a bias would
# not fit into 32 bits.
NARROWEST = 1e-4


class Refused(Exception):
    """A quantiser did something else to the weights than it was told."""


class LeftInFloat32(Refused):
    """A layer that was to be quantised is not."""


class WrongLevels(Refused):
    """A weight whose levels stand for other numbers than it was given, or whose steps are wider than it needs."""


class Weight(NamedTuple):
    """What the levels of a weight or a bias stand for.

    values: in float64. axis: of its channels; None where it has one scale. steps: their widths, where they may be wider
    than the values need; those of a bias are its input's times its weight's.
    """

    name: str
    values: np.ndarray
    axis: int | None
    steps: np.ndarray | None = None


def refuse_left(left: Mapping[str, int], *, layers: int, total: int, smallest: int = 0) -> None:
    """Raise LeftInFloat32 where a layer holds its weight in float32. Small ones do not count.

    left: how many values each such weight has, by name. layers, total: how many layers and weights there are in all.
    smallest: how many values a weight has that the quantiser takes.
    """
    large = {name: size for name, size in left.items() if size >= max(smallest, LEAST * total)}
    if large:
        named = ", ".join(f"{name} ({size:,} weights)" for name, size in large.items())
        raise LeftInFloat32(f"the quantiser left {len(large)} of {layers} layers in float32: {named}")


def refuse(held: Iterable[Weight], given: Sequence[np.ndarray]) -> None:
    """Raise WrongLevels where a weight is none of those that were given, which are in float32.

    A weight is known by its shape, or by that with the last two axes changed: quantisers give other names. One whose
    shape is none of theirs was computed on the way, and is not looked at.
    """
    wrong = {weight.name: off for weight in held for off in [apart(weight, given)] if off is not None and off > HALF}
    if wrong:
        named = ", ".join(f"{name} ({off:.3g} steps)" for name, off in wrong.items())
        raise WrongLevels(
            f"the quantiser's levels of {len(wrong)} weights stand for other numbers than those that it was given: "
            f"{named}; rounding leaves half a step"
        )


def apart(weight: Weight, given: Sequence[np.ndarray]) -> float | None:
    """How far a weight is from the nearest of those that were given, in steps; None where none has its shape."""
    return min((distance(weight, values) for values in alike(weight, given)), default=None)


def alike(weight: Weight, given: Sequence[np.ndarray]) -> Iterator[np.ndarray]:
    shape = weight.values.shape
    for values in given:
        if values.shape == shape:
            yield values
        if values.ndim > 1 and values.swapaxes(-1, -2).shape == shape:
            yield values.swapaxes(-1, -2)


def distance(weight: Weight, values: np.ndarray) -> float:
    """The largest distance of one value, in steps."""
    wide = values.astype(np.float64)
    off = np.maximum(np.abs(weight.values - wide) - ROUNDING * np.abs(wide), 0)
    step = needed(wide, weight.axis)
    if weight.steps is not None:
        step = np.maximum(step, weight.steps)
    return float(np.max(off / np.where(step > 0, step, 1), initial=0))


def needed(values: np.ndarray, axis: int | None) -> np.ndarray:
    """Steps as wide as the values of their channel need: the quantisers round symmetrically, which takes the widest."""
    others = None if axis is None else tuple(other for other in range(values.ndim) if other != axis)
    step = np.abs(values).max(axis=others, keepdims=True) / LEVELS
    return np.maximum(step, step.max() * NARROWEST)
