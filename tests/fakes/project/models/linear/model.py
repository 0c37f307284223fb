"""Two linear maps of one input."""

import numpy as np


def build():
    generator = np.random.default_rng(7)
    return {name: generator.standard_normal((4, 3)).astype(np.float32) for name in ("left", "right")}
