"""Writes SavedModels as others make them. Run where TensorFlow is.

several/: signatures serving_default, double, features. chosen/: only double and features. one/: only features.
foreign/: an object whose checkpoint saver nobody else registers. brain/: bfloat16. counting/: a variable that each call changes.
empty/: a signature without inputs. free/: float32[None, None, 4].
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import tensorflow as tf
from tensorflow.python.saved_model import registration

WEIGHT = np.random.default_rng(5).standard_normal((4, 3)).astype(np.float32)


class Network(tf.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = tf.Variable(WEIGHT, name="weight")
        self.calls = tf.Variable(0.0, name="calls")
        self.held = None

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


class Foreign(tf.Module):
    """What a library keeps in its models, with a saver of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.table = tf.Variable([1.0, 2.0], name="table")


def main(out: Path) -> None:
    network = Network()
    save(network, out / "several", serving_default=network.once, double=network.double, features=network.features)
    save(network, out / "chosen", double=network.double, features=network.features)
    save(network, out / "one", features=network.features)
    for name in ("once", "brain", "counting", "empty", "free"):
        save(network, out / name, serving_default=getattr(network, name))
    lite(out)
    network.held = Foreign()
    registration.register_checkpoint_saver(
        package="library",
        name="table",
        predicate=lambda value: isinstance(value, Foreign),
        save_fn=save_table,
        restore_fn=lambda trackables, merged_prefix: None,
    )
    save(network, out / "foreign", serving_default=network.once)


def save(network: Network, folder: Path, **signatures) -> None:
    tf.saved_model.save(network, str(folder), signatures=signatures)


def save_table(trackables, file_prefix):
    name = tf.strings.join([file_prefix, "table"])
    tf.raw_ops.SaveV2(prefix=name, tensor_names=["t"], shape_and_slices=[""], tensors=[tf.constant([1.0])])
    return name


def lite(out: Path) -> None:
    network = Network()
    methods = [network.double.get_concrete_function(), network.features.get_concrete_function()]
    save(network, out / "for-lite", double=network.double, features=network.features)
    converter = tf.lite.TFLiteConverter.from_saved_model(str(out / "for-lite"), signature_keys=["double", "features"])
    (out / "several.tflite").write_bytes(converter.convert())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
