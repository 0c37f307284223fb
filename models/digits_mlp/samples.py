"""Digits that the network was not trained on."""

from collections.abc import Iterator

import numpy as np
from sklearn.datasets import load_digits


def samples() -> Iterator[dict[str, np.ndarray]]:
    for pixels in load_digits().data[:60:5]:
        yield {"pixels": (pixels / 16).astype(np.float32)[np.newaxis]}
