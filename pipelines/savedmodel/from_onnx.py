"""ONNX → SavedModel by onnx2tf, in the ONNX graph's own layout instead of TensorFlow's channels last."""

from __future__ import annotations

import importlib.util
import itertools
import tempfile
from dataclasses import dataclass
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
WRONG = 1e-3  # of an output's largest value: no rounding of float32, in the models of the zoo at most 1e-5


def beside(name: str) -> Any:
    """The module of a file of this folder, which is no place to import from."""
    spec = importlib.util.spec_from_file_location(
        f"deploymatrix_savedmodel_{name}", Path(__file__).parent / f"{name}.py"
    )
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


rewrites = beside("onnx_rewrites")


def export(source: Path, spec: Any, out: Path, options: dict[str, Any]) -> dict[str, Any]:
    """Write the folder `saved_model` with one signature, `serving_default`: names, shapes and dtypes of the ONNX graph.

    options are handed to onnx2tf.convert(). Raises ValueError when an output has no order of axes with its ONNX shape.
    """
    names = {name: tensor["name"] for name, tensor in spec.source_signature["inputs"].items()}
    sample = {names[name]: value for name, value in spec.example.items()}
    found = converted(source, sample, list(spec.dims), options)
    module = tf.Module()
    module.serve = serving_function(found.network, found.model.graph, found.axes)
    module.weights = list(module.serve.get_concrete_function().graph.variables)  # network.variables lacks some
    tf.saved_model.save(module, str(out / ENTRY), signatures={"serving_default": module.serve})
    return {**spec.source_signature, "repairs": found.repairs, "static": found.static}


@dataclass(frozen=True)
class Conversion:
    """What onnx2tf made of a graph. `error` is that on one sample, of the worst output, over its largest value."""

    model: onnx.ModelProto
    network: Any
    axes: list[tuple[int, ...]]
    error: float
    repairs: list[str]
    static: list[str]


def converted(source: Path, sample: dict[str, np.ndarray], dims: list[str], options: dict[str, Any]) -> Conversion:
    """The first conversion that answers as the ONNX graph does, of: as it is, rewritten, folded, at fixed sizes.

    Where none does, the first that there is: the comparison with the float64 reference will tell what is wrong with it.
    Raises what the first attempt raised where there is none.
    """
    made: list[Conversion] = []
    failures: list[BaseException] = []
    for attempt in (as_it_is, rewritten, folded, *([at_sizes] if dims else [])):
        try:
            model, repairs = attempt(onnx.load(source), sample)
            static = dims if attempt is at_sizes else []
            made.append(measured(model, convert(model, options), sample, repairs, static))
        except (Exception, SystemExit) as error:  # whatever onnx2tf or its network stumbles over; it also exits
            print(f"{attempt.__name__}: {type(error).__name__}: {error}")
            failures.append(error)
            continue
        if made[-1].error <= WRONG:
            return made[-1]
        print(f"{attempt.__name__}: an output is off by {made[-1].error:.1e} of its largest value")
    if not made:
        raise failures[0]
    return made[0]


def measured(
    model: onnx.ModelProto, network: Any, sample: dict[str, np.ndarray], repairs: list[str], static: list[str]
) -> Conversion:
    """Run graph and network on the sample, and find the order of axes of each output and the largest error.

    onnx2tf leaves an output in the layout that it worked in: it gives the hidden states of a two-layer LSTM as
    (1, 2, 32) instead of (2, 1, 32). Shapes alone cannot tell the order, so the values for one sample do: of the
    orders with the right shape it is the one whose values are nearest (docs/findings/onnx2tf-output-axes/finding.md).
    """
    expected = InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"]).run(None, sample)
    found = tf.nest.flatten(network({name: tf.constant(value) for name, value in sample.items()}, training=False))
    axes = [nearest_axes(f.numpy(), e) for f, e in zip(found, expected, strict=True)]
    moved = ["onnx2tf-output-axes"] if any(not is_identity(order) for order in axes) else []
    errors = [
        distance(f.numpy().transpose(order), e) / max(np.abs(e).max(initial=0), np.finfo(np.float32).tiny)
        for f, e, order in zip(found, expected, axes, strict=True)
    ]
    return Conversion(model, network, axes, float(max(errors)), [*repairs, *moved], static)


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


def as_it_is(model: onnx.ModelProto, sample: dict[str, np.ndarray]) -> tuple[onnx.ModelProto, list[str]]:
    return model, []


def rewritten(model: onnx.ModelProto, sample: dict[str, np.ndarray]) -> tuple[onnx.ModelProto, list[str]]:
    """The same function in words that onnx2tf takes rightly, and the findings that this repairs."""
    repairs = rewrites.rewrite(model.graph)
    return onnx.shape_inference.infer_shapes(model), repairs


def folded(model: onnx.ModelProto, sample: dict[str, np.ndarray]) -> tuple[onnx.ModelProto, list[str]]:
    """Rewritten after all was computed that does not depend on inputs: onnx2tf makes layers of these and takes none."""
    model, repairs = rewritten(simplified(model), sample)
    return model, [*repairs, "onnx2tf-constant-branches"]


def at_sizes(model: onnx.ModelProto, sample: dict[str, np.ndarray]) -> tuple[onnx.ModelProto, list[str]]:
    """Rewritten for inputs of the sample's sizes: onnx2tf writes an LSTM, for one, only where it knows them."""
    for tensor in model.graph.input:
        for dimension, size in zip(tensor.type.tensor_type.shape.dim, sample[tensor.name].shape, strict=True):
            dimension.dim_value = size
    del model.graph.value_info[:]
    for tensor in model.graph.output:
        for dimension in tensor.type.tensor_type.shape.dim:
            if dimension.dim_param:
                dimension.Clear()
    return rewritten(simplified(model), sample)


def simplified(model: onnx.ModelProto) -> onnx.ModelProto:
    """The graph without what is constant, as far as inputs' sizes tell; by ONNX Runtime."""
    options = SessionOptions()
    options.graph_optimization_level = GraphOptimizationLevel.ORT_ENABLE_BASIC
    with tempfile.TemporaryDirectory() as folder:
        options.optimized_model_filepath = str(Path(folder) / "model.onnx")
        # A MatMul of rank 3 would become a Gemm between two Reshapes, which onnx2tf transposes where sizes are equal.
        fusions = ["MatMulAddFusion"]
        InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"], disabled_optimizers=fusions
        )
        return onnx.shape_inference.infer_shapes(onnx.load(options.optimized_model_filepath))


def noise_images() -> np.ndarray:
    """Stands in for the test images that onnx2tf fetches from the network, to compare operators of image models."""
    return np.random.default_rng(0).uniform(0.0, 1.0, (20, 128, 128, 3)).astype(np.float32)


def nearest_axes(found: np.ndarray, expected: np.ndarray) -> tuple[int, ...]:
    """The permutation of found's axes that brings it nearest to `expected`; as they are, where that is as near."""
    orders = [o for o in itertools.permutations(range(found.ndim)) if found.transpose(o).shape == expected.shape]
    if not orders:
        raise ValueError(f"onnx2tf gives an output of shape {found.shape} where ONNX gives {expected.shape}")
    return min(orders, key=lambda order: distance(found.transpose(order), expected))


def distance(found: np.ndarray, expected: np.ndarray) -> float:
    """The largest difference; infinite where only one of them is a number."""
    apart = np.abs(found.astype(np.float64) - expected)
    return float(np.where(found == expected, 0.0, np.nan_to_num(apart, nan=np.inf)).max(initial=0))


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
