"""A framework without a framework: weights are one .npy file."""

import numpy as np

VERSIONS = ("numpy",)


def freeze(model, spec, weights):
    np.save(weights / "factor.npy", model.build())


def open(model, spec, weights):
    return float(np.load(weights / "factor.npy"))


def reference(model, spec, weights, dtype):
    """The model's family says what is wrong with it."""
    np.random.seed(spec.seed)  # hides random numbers, unless another seed is given
    factor = open(model, spec, weights)
    name = "misnamed" if spec.family == "misnamed" else "y"
    as_dtype = "float32" if spec.family == "low precision" else dtype
    added = {"random": lambda _: np.random.random(), "stateful": float}.get(spec.family, lambda _: 0.0)
    return [{name: (factor * sample["x"] + added(n)).astype(as_dtype)} for n, sample in enumerate(spec.samples)]


def orders(model, spec, weights):
    plain = reference(model, spec, weights, "float32")

    def changed(change):
        return [{"y": change(answer["y"])} for answer in plain]

    return {
        "same": lambda: changed(lambda y: y),
        "near": lambda: changed(lambda y: np.nextafter(y, np.float32(9))),
        "far": lambda: changed(lambda y: y * np.float32(1.01)),
        "wide": lambda: changed(lambda y: y.astype("float64")),
        "fewer": lambda: changed(lambda y: y)[1:],
        "refused": lambda: 1 / 0,
    }
