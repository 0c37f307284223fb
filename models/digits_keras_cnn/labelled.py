"""The digits that the network was not trained on, with what they are."""

from collections.abc import Iterator

import numpy as np
from digits import read
from split import held_back


def samples() -> Iterator[dict[str, np.ndarray]]:
    images, labels = read()
    for index in np.flatnonzero(held_back(len(labels))):
        yield {"image": images[index][np.newaxis], "label": labels[[index]]}
