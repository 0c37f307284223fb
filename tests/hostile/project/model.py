"""The numbers of the corpus's model: y = x @ W."""

import numpy as np


def build():
    return np.array([[((3 * row + column) % 7 - 3) / 4 for column in range(3)] for row in range(4)], dtype=np.float32)
