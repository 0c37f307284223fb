"""Writes SavedModels as others make them. Run where TensorFlow is.

several/: signatures serving_default, double, features. chosen/: only double and features. one/: only features.
foreign/: a function that takes what only one library knows. brain/: bfloat16. counting/: a variable that changes.
empty/: a signature without inputs. free/: float32[None, None, 4].
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import tensorflow as tf
from tensorflow.python.framework import composite_tensor, type_spec_registry

WEIGHT = np.random.default_rng(5).standard_normal((4, 3)).astype(np.float32)


class Network(tf.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = tf.Variable(WEIGHT, name="weight")
        self.calls = tf.Variable(0.0, name="calls")

    @tf.function(input_signature=[tf.TensorSpec([1, 4], tf.float32, "x")])
    def once(self, x):
        return {"y": tf.tanh(x @ self.weight)}

    @tf.function(input_signature=[tf.TensorSpec([1, 4], tf.float32, "x")])
    def double(self, x):
        return {"y": 2 * tf.tanh(x @ self.weight)}

    @tf.function(input_signature=[tf.TensorSpec([1, 4], tf.float32, "x")])
    def features(self, x):
        return {"h": x @ self.weight}

    @tf.function(input_signature=[tf.TensorSpec([1, 4], tf.bfloat16, "x")])
    def brain(self, x):
        return {"y": tf.cast(tf.tanh(tf.cast(x, tf.float32) @ self.weight), tf.bfloat16)}

    @tf.function(input_signature=[tf.TensorSpec([1, 4], tf.float32, "x")])
    def counting(self, x):
        self.calls.assign_add(1.0)
        return {"y": tf.tanh(x @ self.weight) + self.calls}

    @tf.function(input_signature=[])
    def empty(self):
        return {"y": tf.tanh(self.weight)}

    @tf.function(input_signature=[tf.TensorSpec([None, None, 4], tf.float32, "x")])
    def free(self, x):
        return {"y": tf.tanh(x @ self.weight)}


class Box(composite_tensor.CompositeTensor):
    """A type of tensors that only its library knows, as those of probability distributions and of graphs."""

    def __init__(self, held: tf.Tensor) -> None:
        self.held = held

    @property
    def _type_spec(self) -> BoxSpec:
        return BoxSpec(tf.TensorSpec(self.held.shape, self.held.dtype))


@type_spec_registry.register("library.BoxSpec")
class BoxSpec(tf.TypeSpec):
    value_type = Box

    def __init__(self, held: tf.TensorSpec) -> None:
        self.held = held

    _component_specs = property(lambda self: [self.held])

    def _to_components(self, value):
        return [value.held]

    def _from_components(self, components):
        return Box(components[0])

    def _serialize(self):
        return (self.held,)


def main(out: Path) -> None:
    network = Network()
    save(network, out / "several", serving_default=network.once, double=network.double, features=network.features)
    save(network, out / "chosen", double=network.double, features=network.features)
    save(network, out / "one", features=network.features)
    for name in ("brain", "counting", "empty", "free"):
        save(network, out / name, serving_default=getattr(network, name))
    lite(out)
    foreign = Network()
    foreign.unpack = tf.function(lambda box: box.held, input_signature=[BoxSpec(tf.TensorSpec([2], tf.float32))])
    save(foreign, out / "foreign", serving_default=foreign.once, double=foreign.double)


def save(network: Network, folder: Path, **signatures) -> None:
    tf.saved_model.save(network, str(folder), signatures=signatures)


def lite(out: Path) -> None:
    network = Network()
    save(network, out / "for-lite", double=network.double, features=network.features)
    converter = tf.lite.TFLiteConverter.from_saved_model(str(out / "for-lite"), signature_keys=["double", "features"])
    (out / "several.tflite").write_bytes(converter.convert())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
