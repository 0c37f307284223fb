"""The first few digits that the network was not trained on."""

from collections.abc import Iterator
from itertools import islice

import labelled
import numpy as np


def samples() -> Iterator[dict[str, np.ndarray]]:
    for digit in islice(labelled.samples(), 12):
        yield {"image": digit["image"]}
