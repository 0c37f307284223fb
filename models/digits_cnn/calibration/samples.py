"""Digits that the network was trained on: a variant's ranges are taken from them, and none judges."""

from collections.abc import Iterator

import numpy as np
from sklearn.datasets import load_digits
from split import held_back


def samples() -> Iterator[dict[str, np.ndarray]]:
    images = load_digits().images
    for index in np.flatnonzero(~held_back(len(images)))[:128]:
        yield {"image": (images[index] / 16).astype(np.float32)[np.newaxis, np.newaxis]}
