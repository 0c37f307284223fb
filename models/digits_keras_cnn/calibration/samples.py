"""Digits that the network was trained on: a variant's ranges are taken from them, and none judges."""

from collections.abc import Iterator

import numpy as np
from digits import read
from split import held_back


def samples() -> Iterator[dict[str, np.ndarray]]:
    images, labels = read()
    for index in np.flatnonzero(~held_back(len(labels)))[:128]:
        yield {"image": images[index][np.newaxis]}
