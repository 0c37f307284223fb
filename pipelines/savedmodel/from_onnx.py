"""ONNX → SavedModel by onnx2tf, in the ONNX graph's own layout instead of TensorFlow's channels last."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnx2tf
import tensorflow as tf
from onnx import helper
from onnx2tf import onnx2tf as converter

ENTRY = "saved_model"
VERSIONS = ("onnx2tf", "tensorflow", "onnx", "numpy")


def export(source: Path, spec: Any, out: Path, options: dict[str, Any]) -> dict[str, Any]:
    """Write the folder `saved_model` with one signature, `serving_default`: names, shapes and dtypes of the ONNX graph.

    options are handed to onnx2tf.convert().
    """
    model = onnx.load(source)
    outputs = list(model.graph.output)
    flatten_outputs(model.graph)
    network = convert(model, options)
    module = tf.Module()
    module.network = network
    module.serve = serving_function(network, model.graph.input, outputs)
    tf.saved_model.save(module, str(out / ENTRY), signatures={"serving_default": module.serve})
    return spec.source_signature


def flatten_outputs(graph: onnx.GraphProto) -> None:
    """Make every output one-dimensional.

    onnx2tf may leave an output of higher rank in the layout that it worked in: it gives the hidden state of a
    two-layer LSTM as (1, 2, 32) instead of (2, 1, 32). A flat tensor has no layout, so its values must come in the
    order of ONNX, and the signature gives them their shape back.
    """
    graph.initializer.append(helper.make_tensor("flat_shape", onnx.TensorProto.INT64, [1], [-1]))
    flat = []
    for output in graph.output:
        graph.node.append(helper.make_node("Reshape", [output.name, "flat_shape"], [f"{output.name}_flat"]))
        size = int(np.prod(shape_of(output), dtype=np.int64))
        flat.append(helper.make_tensor_value_info(f"{output.name}_flat", output.type.tensor_type.elem_type, [size]))
    del graph.output[:]
    graph.output.extend(flat)


def convert(model: onnx.ModelProto, options: dict[str, Any]) -> Any:
    """The tf_keras model that onnx2tf makes, its inputs in the shapes of the ONNX graph."""
    converter.download_test_image_data = noise_images
    with tempfile.TemporaryDirectory() as folder:
        return onnx2tf.convert(
            onnx_graph=model,
            output_folder_path=folder,
            keep_shape_absolutely_input_names=[tensor.name for tensor in model.graph.input],
            not_use_onnxsim=True,  # it would start whatever program of that name is on PATH
            disable_model_save=True,  # its own way of saving adds two .tflite files: minutes for a ResNet-18
            verbosity="error",
            **options,
        )


def noise_images() -> np.ndarray:
    """Stands in for the test images that onnx2tf fetches from the network, to compare operators of image models."""
    return np.random.default_rng(0).uniform(0.0, 1.0, (20, 128, 128, 3)).astype(np.float32)


def serving_function(network: Any, inputs: Any, outputs: Any) -> Any:
    """A tf.function that takes tensors by position, and answers with a dictionary by the ONNX graph's output names."""
    names = [tensor.name for tensor in inputs]

    @tf.function(input_signature=[tf.TensorSpec(shape_of(t), dtype_of(t), name=t.name) for t in inputs])
    def serve(*tensors: tf.Tensor) -> dict[str, tf.Tensor]:
        answers = tf.nest.flatten(network(dict(zip(names, tensors, strict=True)), training=False))
        return {
            output.name: tf.reshape(answer, shape_of(output)) for output, answer in zip(outputs, answers, strict=True)
        }

    return serve


def shape_of(tensor: onnx.ValueInfoProto) -> list[int]:
    return [dimension.dim_value for dimension in tensor.type.tensor_type.shape.dim]


def dtype_of(tensor: onnx.ValueInfoProto) -> Any:
    return tf.as_dtype(helper.tensor_dtype_to_np_dtype(tensor.type.tensor_type.elem_type))
