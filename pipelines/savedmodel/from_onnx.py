"""ONNX → SavedModel by onnx2tf, in the ONNX graph's own layout instead of TensorFlow's channels last."""

from __future__ import annotations

import itertools
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnx2tf
import tensorflow as tf
from onnx import helper
from onnx2tf import onnx2tf as converter
from onnxruntime import GraphOptimizationLevel, InferenceSession, SessionOptions

ENTRY = "saved_model"
OPTIONS = onnx2tf.convert  # the names of its parameters
VERSIONS = ("onnx2tf", "tensorflow", "onnx", "onnxruntime", "numpy")


def export(source: Path, spec: Any, out: Path, options: dict[str, Any]) -> dict[str, Any]:
    """Write the folder `saved_model` with one signature, `serving_default`: names, shapes and dtypes of the ONNX graph.

    options are handed to onnx2tf.convert(). Raises ValueError when an output has no order of axes with its ONNX shape.
    """
    model, static = onnx.load(source), []
    names = {name: tensor["name"] for name, tensor in spec.source_signature["inputs"].items()}
    sample = {names[name]: value for name, value in spec.example.items()}
    try:
        network = convert(model, options)
        axes = axes_of_outputs(network, model, sample)
    except Exception as error:  # whatever onnx2tf or its network stumbles over
        if not spec.dims:
            raise
        print(f"converted at fixed sizes: {type(error).__name__}: {error}")
        model, static = at_sizes(onnx.load(source), sample), list(spec.dims)
        network = convert(model, options)
        axes = axes_of_outputs(network, model, sample)
    module = tf.Module()
    module.serve = serving_function(network, model.graph, axes)
    module.weights = list(module.serve.get_concrete_function().graph.variables)  # network.variables lacks some
    tf.saved_model.save(module, str(out / ENTRY), signatures={"serving_default": module.serve})
    repairs = ["onnx2tf-output-axes"] if any(not is_identity(order) for order in axes) else []
    return {**spec.source_signature, "repairs": repairs, "static": static}


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
            verbosity="warn",  # its warnings become part of the record
            **options,
        )


def at_sizes(model: onnx.ModelProto, sample: dict[str, np.ndarray]) -> onnx.ModelProto:
    """The same graph for inputs of the sample's sizes: onnx2tf writes an LSTM, for one, only where it knows them."""
    for tensor in model.graph.input:
        for dimension, size in zip(tensor.type.tensor_type.shape.dim, sample[tensor.name].shape, strict=True):
            dimension.dim_value = size
    del model.graph.value_info[:]
    for tensor in model.graph.output:
        for dimension in tensor.type.tensor_type.shape.dim:
            if dimension.dim_param:
                dimension.Clear()
    options = SessionOptions()
    options.graph_optimization_level = GraphOptimizationLevel.ORT_ENABLE_BASIC  # what follows from the sizes: constants
    with tempfile.TemporaryDirectory() as folder:
        options.optimized_model_filepath = str(Path(folder) / "model.onnx")
        InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        return onnx.shape_inference.infer_shapes(onnx.load(options.optimized_model_filepath))


def noise_images() -> np.ndarray:
    """Stands in for the test images that onnx2tf fetches from the network, to compare operators of image models."""
    return np.random.default_rng(0).uniform(0.0, 1.0, (20, 128, 128, 3)).astype(np.float32)


def axes_of_outputs(network: Any, model: onnx.ModelProto, sample: dict[str, np.ndarray]) -> list[tuple[int, ...]]:
    """For each output of the network the order of its axes that gives the ONNX graph's output.

    onnx2tf leaves an output in the layout that it worked in: it gives the hidden states of a two-layer LSTM as
    (1, 2, 32) instead of (2, 1, 32). Shapes alone cannot tell the order, so the values for one sample do: of the
    orders with the right shape it is the one whose values are nearest (docs/findings/onnx2tf-output-axes/finding.md).
    """
    expected = InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"]).run(None, sample)
    found = tf.nest.flatten(network({name: tf.constant(value) for name, value in sample.items()}, training=False))
    return [nearest_axes(f.numpy(), e) for f, e in zip(found, expected, strict=True)]


def nearest_axes(found: np.ndarray, expected: np.ndarray) -> tuple[int, ...]:
    """The permutation of found's axes that brings it nearest to `expected`; as they are, where that is as near."""
    orders = [o for o in itertools.permutations(range(found.ndim)) if found.transpose(o).shape == expected.shape]
    if not orders:
        raise ValueError(f"onnx2tf gives an output of shape {found.shape} where ONNX gives {expected.shape}")
    return min(orders, key=lambda order: np.abs(found.transpose(order).astype(np.float64) - expected).max(initial=0))


def is_identity(order: tuple[int, ...]) -> bool:
    return list(order) == sorted(order)


def serving_function(network: Any, graph: onnx.GraphProto, axes: list[tuple[int, ...]]) -> Any:
    """A tf.function that takes tensors by position, and answers with a dictionary by the ONNX graph's output names."""
    inputs = [tensor.name for tensor in graph.input]
    outputs = [tensor.name for tensor in graph.output]

    @tf.function(input_signature=[tensor_spec(tensor) for tensor in graph.input])
    def serve(*tensors: tf.Tensor) -> dict[str, tf.Tensor]:
        answers = tf.nest.flatten(network(dict(zip(inputs, tensors, strict=True)), training=False))
        return {
            name: answer if is_identity(order) else tf.transpose(answer, order)
            for name, answer, order in zip(outputs, answers, axes, strict=True)
        }

    return serve


def tensor_spec(tensor: onnx.ValueInfoProto) -> tf.TensorSpec:
    kind = tensor.type.tensor_type
    shape = [dimension.dim_value or None for dimension in kind.shape.dim]  # 0 where the size has a name
    return tf.TensorSpec(shape, helper.tensor_dtype_to_np_dtype(kind.elem_type), name=tensor.name)
