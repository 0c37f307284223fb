"""Runs an .onnx file with ONNX Runtime as the file has it: no operator is fused, folded or laid out otherwise."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

VERSIONS = ("onnxruntime", "numpy")
SETS_THREADS = True  # load() takes their number from DEPLOYMATRIX_THREADS each time
DTYPES = {"float": "float32", "double": "float64"}  # where ONNX Runtime's word is not numpy's


def load(payload: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = int(os.environ.get("DEPLOYMATRIX_THREADS", "1"))
    return onnxruntime.InferenceSession(payload, options, providers=["CPUExecutionProvider"])


def run(session: onnxruntime.InferenceSession, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Outputs by their names in the graph."""
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, inputs), strict=True))


def describe(session: onnxruntime.InferenceSession) -> dict[str, dict[str, dict[str, Any]]]:
    """Inputs and outputs by their names in the graph."""
    return {"inputs": described(session.get_inputs()), "outputs": described(session.get_outputs())}


def described(tensors: list[onnxruntime.NodeArg]) -> dict[str, dict[str, Any]]:
    return {tensor.name: {"dtype": dtype_of(tensor.type), "shape": tensor.shape} for tensor in tensors}


def dtype_of(kind: str) -> str | None:
    """numpy's name for "tensor(float)"; None for what numpy has no dtype for, as bfloat16 and strings."""
    name = kind.removeprefix("tensor(").removesuffix(")")
    name = DTYPES.get(name, name)
    return name if kind.startswith("tensor(") and hasattr(np, name) and name != "string" else None
