"""Digits that the network was not trained on."""

from collections.abc import Iterator

import numpy as np
from sklearn.datasets import load_digits


def samples() -> Iterator[dict[str, np.ndarray]]:
    for image in load_digits().images[:60:5]:
        yield {"image": (image / 16).astype(np.float32)[np.newaxis, np.newaxis]}
