"""scikit-learn's 1,797 digits, since TensorFlow's environment has no scikit-learn.

They are the test set of Optical Recognition of Handwritten Digits, by Alpaydin and Kaynak, UCI Machine Learning
Repository, https://doi.org/10.24432/C50P49, CC BY 4.0.
"""

from pathlib import Path

import numpy as np


def read() -> tuple[np.ndarray, np.ndarray]:
    """Return the images, channels last and from 0 to 1, and their labels."""
    with np.load(Path(__file__).with_name("digits.npz")) as held:
        images = held["images"].astype(np.float32)[..., np.newaxis] / np.float32(16)
        return images, held["labels"].astype(np.int64)
