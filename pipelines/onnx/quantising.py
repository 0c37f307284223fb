"""ONNX Runtime's quantisers, called so that masked attention survives and no kernel saturates."""

from __future__ import annotations

import importlib.util
import logging
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper
from onnxruntime.quantization import QuantFormat, QuantType, quantize_dynamic, quantize_static, save_tensors_data
from onnxruntime.quantization.shape_inference import quant_pre_process

# Those that hold nearly all weights and time. With all operators a masked softmax is quantised, too: its mask of -1e9
# takes the whole range, and a transformer answers 1.2 away (0.1 with these).
OPERATORS = ("MatMul", "Gemm", "Conv")
# What these give stays float: ONNX Runtime scales their sums in the same kernel, so it costs no time and saves a
# rounding, 1 to 9 dB on the reference models. A Conv whose output is not quantised would run in float32.
UNROUNDED = ["MatMul", "Gemm"]
Sample = dict[str, np.ndarray]


def beside(name: str) -> Any:
    """The module of a file of this folder, which is no place to import from."""
    path = Path(__file__).parent / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"deploymatrix_onnx_{name}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


ranges = beside("ranges")


def dynamic(source: Path) -> onnx.ModelProto:
    """Quantise weights to int8; those of LSTMs, too, but not those of grouped convolutions.

    ConvInteger has one scale for all channels, and no fast kernel for groups: MobileNetV3 keeps 20.1 dB with them, and
    22.3 dB without, at a sixteenth of the time; they hold 4 of 100 weights.
    """
    with tempfile.TemporaryDirectory() as folder, quiet():
        graph, out = prepared(source, Path(folder)), Path(folder) / "quantised.onnx"
        quantize_dynamic(
            graph,
            out,
            weight_type=QuantType.QInt8,
            per_channel=True,
            nodes_to_exclude=[node.name for node in onnx.load(graph).graph.node if is_grouped(node)],
        )
        return onnx.load(out)


def static(source: Path, samples: Sequence[Sample], operators: Sequence[str]) -> onnx.ModelProto:
    """Quantise weights, a scale for each channel, and activations, by their ranges in the samples.

    Raises ValueError where there are no samples.
    """
    if not samples:
        raise ValueError("int8-static takes ranges from calibration samples; there are none")
    with tempfile.TemporaryDirectory() as folder, quiet():
        out, graph = Path(folder) / "quantised.onnx", prepared(source, Path(folder))
        found = Path(folder) / "ranges.json"
        save_tensors_data(ranges.ranges(graph, Path(folder), samples, operators), found)
        quantize_static(
            graph,
            out,
            calibration_cache_path=found,
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            op_types_to_quantize=list(operators),
            extra_options={"OpTypesToExcludeOutputQuantization": UNROUNDED},
        )
        return onnx.load(out)


def prepared(path: Path, folder: Path) -> Path:
    """The graph with batch norms folded and shapes inferred, as the quantisers want it."""
    out = folder / "prepared.onnx"
    quant_pre_process(str(path), str(out), skip_symbolic_shape=True)
    model = onnx.load(out)
    del model.graph.value_info[:]  # with them quantize_dynamic raises ShapeInferenceError at Gemm
    for place, node in enumerate(model.graph.node):
        if is_grouped(node):
            node.name = node.name or f"grouped_{place}"  # by its name it is left out
    onnx.save(model, out)
    return out


def given(source: Path) -> list[np.ndarray]:
    """The weights that the quantisers are given: those of the source once batch norms are folded."""
    with tempfile.TemporaryDirectory() as folder, quiet():
        graph = onnx.load(prepared(source, Path(folder))).graph
    return [numpy_helper.to_array(tensor) for tensor in graph.initializer if tensor.data_type == TensorProto.FLOAT]


def is_grouped(node: onnx.NodeProto) -> bool:
    return node.op_type == "Conv" and any(attribute.name == "group" and attribute.i > 1 for attribute in node.attribute)


def make_unsigned(graph: onnx.GraphProto, known: set[str]) -> bool:
    """Move int8 weights and their zero points up by 128 into uint8, which changes no number that they stand for.

    ONNX Runtime multiplies uint8 activations by int8 weights, on x86 without VNNI, in sums of two products that end at
    32,767; uint8 by uint8 it multiplies exactly. `known`: names of tensors of the model's own, which stay. Return
    whether there was any.
    """
    moved = [
        tensor for tensor in graph.initializer if tensor.data_type == TensorProto.INT8 and tensor.name not in known
    ]
    for tensor in moved:
        values = numpy_helper.to_array(tensor).astype("int16") + 128
        tensor.CopyFrom(numpy_helper.from_array(values.astype("uint8"), tensor.name))
    return bool(moved)


def check(model: onnx.ModelProto) -> None:
    """Raise onnx.checker.ValidationError for a model that is not valid; operators of ONNX Runtime are not looked at."""
    own = all(node.domain in ("", "ai.onnx") for node in model.graph.node)
    onnx.checker.check_model(model, full_check=own)


class quiet:
    """Keep the quantisers from advising, on the root logger, to prepare a graph that is prepared."""

    def __enter__(self) -> None:
        self.level = logging.getLogger().level
        logging.getLogger().setLevel(logging.ERROR)

    def __exit__(self, *_: Any) -> None:
        logging.getLogger().setLevel(self.level)
