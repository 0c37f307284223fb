"""ONNX in float32 → ONNX in float16, or with int8 weights: by ONNX Runtime's own converters."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_dynamic, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process
from onnxruntime.transformers.float16 import convert_float_to_float16

VERSIONS = ("onnx", "onnxruntime", "numpy")
ENTRY = "model.onnx"
OPTIONS = ("operators",)
# Those that hold nearly all weights and time. With all operators a masked softmax is quantised, too: its mask of -1e9
# takes the whole range, and a transformer answers 1.2 away (0.1 with these).
OPERATORS = ("MatMul", "Gemm", "Conv")


def export(source: Path, spec: Any, out: Path, options: dict[str, Any]) -> dict[str, Any]:
    """Write `model.onnx` in the variant of the specification; names, dtypes and shapes of its ends stay.

    options: operators, those that int8-static quantises.
    """
    signature = spec.source_signature
    if spec.variant == "fp16":
        model = convert_float_to_float16(onnx.load(source), keep_io_types=True)
        onnx.save(model, out / ENTRY)
    else:
        with tempfile.TemporaryDirectory() as folder:
            prepared = prepare(source, Path(folder))
            quantize(prepared, out / ENTRY, spec, signature, options)
    return {
        "inputs": {name: tensor["name"] for name, tensor in signature["inputs"].items()},
        "outputs": {name: tensor["name"] for name, tensor in signature["outputs"].items()},
    }


def prepare(path: Path, folder: Path) -> Path:
    """The graph with batch norms folded and shapes inferred, as the quantisers want it."""
    prepared = folder / "prepared.onnx"
    quant_pre_process(str(path), str(prepared), skip_symbolic_shape=True)
    model = onnx.load(prepared)
    del model.graph.value_info[:]  # with them quantize_dynamic raises ShapeInferenceError at Gemm
    onnx.save(model, prepared)
    return prepared


def quantize(prepared: Path, path: Path, spec: Any, signature: dict[str, Any], options: dict[str, Any]) -> None:
    logging.getLogger().setLevel(logging.ERROR)  # it advises to prepare the graph, which it is
    if spec.variant == "int8-dynamic":
        quantize_dynamic(prepared, path, weight_type=QuantType.QInt8)
        return
    quantize_static(
        prepared,
        path,
        Calibration(spec, signature),
        quant_format=QuantFormat.QDQ,
        per_channel=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        op_types_to_quantize=list(options.get("operators", OPERATORS)),
    )


class Calibration(CalibrationDataReader):  # type: ignore[misc]  # it has no types
    """The calibration samples by the names of the graph's inputs."""

    def __init__(self, spec: Any, signature: dict[str, Any]) -> None:
        names = {name: tensor["name"] for name, tensor in signature["inputs"].items()}
        self.left: Iterator[dict[str, np.ndarray]] = iter(
            [{names[name]: array for name, array in sample.items()} for sample in spec.calibration]
        )

    def get_next(self) -> dict[str, np.ndarray] | None:
        return next(self.left, None)
