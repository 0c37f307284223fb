"""Keras → LiteRT (.tflite) by TensorFlow's own converter, with built-in operators only."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any
from unittest import mock

import keras
import tensorflow as tf
from tensorflow.python.ops import gen_image_ops

ENTRY = "model.tflite"
VERSIONS = ("tensorflow", "keras", "numpy")


def beside(name: str) -> Any:
    """The module of a file of this folder, which is no place to import from."""
    spec = importlib.util.spec_from_file_location(f"deploymatrix_litert_{name}", Path(__file__).parent / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


variants = beside("keras_variants")


def export(source: keras.Model, spec: Any, out: Path, options: dict[str, Any]) -> dict[str, Any]:
    """Write `model.tflite` with one signature, `serving_default`, of the declared names and shapes.

    Keras's own `export(format="litert")` leaves the batch open, for which an LSTM needs Flex operators that the
    LiteRT runtime lacks; with fixed shapes the built-in ones suffice. So only an axis that the model declares free is.
    """
    module = tf.Module()
    network, repairs = variants.prepared(source, spec.variant)
    module.serve = serving_function(network, spec)
    if any(operation.type == "ResizeBicubic" for operation in operations(module.serve.get_concrete_function().graph)):
        repairs.append("tflite-resize-bicubic")
        module.serve = serving_function(network, spec)
        with mock.patch.object(gen_image_ops, "resize_bicubic", resized):
            module.serve.get_concrete_function()
    # Without this the weights are not found, and the file answers NaN: see the finding tflite-unowned-variables. The
    # converter's from_keras_model() sees to it by itself, so its users see the same: this is no repair.
    module.weights = [variable.value for variable in network.variables]
    (out / ENTRY).write_bytes(variants.converted(lambda: converter(module), spec))
    return {
        "inputs": {declared.name: declared.name for declared in spec.inputs},
        "outputs": {declared.name: declared.name for declared in spec.outputs},
        "repairs": repairs,
    }


def converter(module: tf.Module) -> Any:
    found = tf.lite.TFLiteConverter.from_concrete_functions([module.serve.get_concrete_function()], module)
    found.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    return found


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


def operations(graph: Any) -> list[Any]:
    """Those of the graph and of the functions that it calls."""
    called = [function.graph for function in getattr(graph, "_functions", {}).values() if hasattr(function, "graph")]
    return [*graph.get_operations(), *(operation for inner in called for operation in operations(inner))]


def resized(images: tf.Tensor, size: Any, **options: Any) -> tf.Tensor:
    """Bicubic resizing as two products: TFLite has no operator for it (docs/findings/tflite-resize-bicubic/finding.md).

    The matrices are what the operator itself does to unit vectors, so they hold all of its options.
    """
    height, width = (int(side) for side in tf.get_static_value(tf.convert_to_tensor(size)))
    rows, columns = (resizing(images.shape[axis], after, options) for axis, after in ((1, height), (2, width)))
    return tf.einsum("hy,wx,byxc->bhwc", rows, columns, tf.cast(images, tf.float32))


def resizing(before: int, after: int, options: dict[str, Any]) -> tf.Tensor:
    """(after, before)"""
    with tf.init_scope():
        units = tf.reshape(tf.eye(before), (before, before, 1, 1))
        names = {name: value for name, value in options.items() if name != "name"}
        return tf.constant(tf.raw_ops.ResizeBicubic(images=units, size=(after, 1), **names)[:, :, 0, 0].numpy().T)
