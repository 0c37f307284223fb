"""A framework of nothing but numpy: a model is a dict of matrices."""

import numpy as np


def freeze(model, spec, weights):
    np.savez(weights / "weights.npz", **model.build())


def open(model, spec, weights):
    return dict(np.load(weights / "weights.npz"))


def reference(model, spec, weights, dtype):
    matrices = open(model, spec, weights)
    return [
        {name: sample["x"].astype(dtype) @ matrix.astype(dtype) for name, matrix in matrices.items()}
        for sample in spec.samples
    ]
