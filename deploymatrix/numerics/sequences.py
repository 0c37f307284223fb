"""Samples of a model with state: sequences of steps, and what the first step finds as state.

The digest of this file is a part of the key of such samples, as samples.py is of all.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .samples import Drawn, draw
from .state import State


def write_sequence(inputs: Sequence[Drawn], state: State, seed: int, index: int, samples: int, folder: Path) -> None:
    """Write `<folder>/<input>.npy` for each input of sample `index` of so many samples.

    An input's shape is that of one step. State has this shape; the others have a leading axis of steps.
    """
    folder.mkdir(parents=True)
    for position, declared in enumerate(inputs):
        array = draw_sequence(declared, state, [seed, position], index, samples)
        np.save(folder / f"{declared.name}.npy", array, allow_pickle=False)


def draw_sequence(declared: Drawn, state: State, seed: list[int], index: int, samples: int) -> NDArray[np.generic]:
    """Draw what one sample holds of an input. Each step is drawn anew, as a further sample of its input would be.

    So samples that mirror each other do so at every step, and what can be counted is spread over all steps of all
    samples. An even number of samples leaves each sample at one amplitude.
    """
    initial = state.initial.get(declared.name)
    if initial == "zeros":
        return np.zeros(declared.shape, dtype=declared.dtype)
    if initial == "sampled":
        return draw(declared, seed, index)
    return np.stack([draw(declared, seed, index + step * samples) for step in range(state.steps)])
