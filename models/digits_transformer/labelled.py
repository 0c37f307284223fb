"""The digits that the network was not trained on, with what they are."""

from collections.abc import Iterator

import numpy as np
from sklearn.datasets import load_digits
from split import held_back


def samples() -> Iterator[dict[str, np.ndarray]]:
    digits = load_digits()
    for index in np.flatnonzero(held_back(len(digits.target))):
        image = (digits.images[index] / 16).astype(np.float32)
        yield {"rows": image[np.newaxis], "label": digits.target[[index]].astype(np.int64)}
