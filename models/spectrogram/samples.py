"""Chirps in noise. A drawn sound and its mirror image, x and -x, would have the same spectrogram."""

from collections.abc import Iterator

import numpy as np

LENGTH = 2048


def samples() -> Iterator[dict[str, np.ndarray]]:
    time = np.arange(LENGTH) / LENGTH
    for low, high in ((20, 60), (400, 200), (100, 900), (700, 30), (300, 310), (5, 1000)):
        chirp = np.sin(2 * np.pi * (low + (high - low) / 2 * time) * time)
        sound = 0.7 * chirp + 0.1 * np.random.standard_normal(LENGTH)
        yield {"sound": sound.astype(np.float32)[np.newaxis]}
