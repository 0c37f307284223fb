"""Keras → SavedModel with one signature, `serving_default`, whose inputs and outputs carry the declared names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

ENTRY = "saved_model"
OPTIONS = ("unroll_rnn",)
VERSIONS = ("tensorflow", "keras", "numpy")
LOOPED = '"unroll": false'  # in the configuration of a recurrent layer


def export(source: keras.Model, spec: Any, out: Path, options: dict[str, Any]) -> dict[str, Any]:
    """Write the folder `saved_model` for inputs of the declared shapes; an axis of a dim is left open.

    options: unroll_rnn, false by default: recurrent layers are written out step by step instead of as loops,
    which TensorFlow.js cannot run: docs/findings/tfjs-keras-lstm-loop/finding.md
    """
    network, repairs = source, []
    if options.get("unroll_rnn", False) and has_loops(source):
        network, repairs = unrolled(source), ["tfjs-keras-lstm-loop"]
    module = tf.Module()
    module.serve = serving_function(network, spec)
    # A function does not own the variables it reads, and a tf.Module does not find those inside a Keras 3 model: the
    # SavedModel would load, but converters that freeze it would read nothing where the weights should be. Keras's own
    # export() names them, too, so its users see the same: this is no repair.
    module.weights = [variable.value for variable in network.variables]
    tf.saved_model.save(module, str(out / ENTRY), signatures={"serving_default": module.serve})
    return {
        "inputs": {declared.name: declared.name for declared in spec.inputs},
        "outputs": {declared.name: declared.name for declared in spec.outputs},
        "repairs": repairs,
    }


def serving_function(network: keras.Model, spec: Any) -> Any:
    """A tf.function of one fixed signature: tensors by position in, a dictionary by declared name out."""
    names = [declared.name for declared in spec.outputs]

    @tf.function(input_signature=[tensor_spec(declared) for declared in spec.inputs])
    def serve(*tensors: tf.Tensor) -> dict[str, tf.Tensor]:
        outputs = network(tensors[0] if len(tensors) == 1 else list(tensors), training=False)
        return dict(zip(names, keras.tree.flatten(outputs), strict=True))

    return serve


def tensor_spec(declared: Any) -> tf.TensorSpec:
    """A free axis is None in it."""
    shape = [None if axis in declared.free else size for axis, size in enumerate(declared.shape)]
    return tf.TensorSpec(shape, declared.dtype, name=declared.name)


def has_loops(network: keras.Model) -> bool:
    return LOOPED in network.to_json()


def unrolled(network: keras.Model) -> keras.Model:
    """The same network and weights with each recurrent layer written out step by step."""
    twin = keras.models.model_from_json(network.to_json().replace(LOOPED, '"unroll": true'))
    twin.set_weights(network.get_weights())
    twin.trainable = False
    return twin
