"""Keras → LiteRT (.tflite) by TensorFlow's own converter, with built-in operators only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

ENTRY = "model.tflite"
VERSIONS = ("tensorflow", "keras", "numpy")


def export(source: keras.Model, spec: Any, out: Path, options: dict[str, Any]) -> dict[str, Any]:
    """Write `model.tflite` with one signature, `serving_default`, of the declared names and shapes.

    Keras's own `export(format="litert")` leaves the batch open, for which an LSTM needs Flex operators that the
    LiteRT runtime lacks; with fixed shapes the built-in ones suffice. So only an axis that the model declares free is.
    """
    module = tf.Module()
    module.serve = serving_function(source, spec)
    # Without this the weights are not found, and the file answers NaN: see the finding tflite-unowned-variables. The
    # converter's from_keras_model() sees to it by itself, so its users see the same: this is no repair.
    module.weights = [variable.value for variable in source.variables]
    converter = tf.lite.TFLiteConverter.from_concrete_functions([module.serve.get_concrete_function()], module)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    (out / ENTRY).write_bytes(converter.convert())
    return {
        "inputs": {declared.name: declared.name for declared in spec.inputs},
        "outputs": {declared.name: declared.name for declared in spec.outputs},
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
