"""A framework without a framework: weights are one .npy file."""

import numpy as np

VERSIONS = ("numpy",)


def freeze(model, spec, weights):
    np.save(weights / "factor.npy", model.build())


def open(model, spec, weights):
    return float(np.load(weights / "factor.npy"))


def reference(model, spec, weights, dtype):
    factor = open(model, spec, weights)
    name = "misnamed" if spec.family == "misnamed" else "y"
    as_dtype = "float32" if spec.family == "low precision" else dtype
    return [{name: (factor * sample["x"]).astype(as_dtype)} for sample in spec.samples]
