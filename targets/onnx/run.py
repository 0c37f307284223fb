"""Runs an .onnx file with ONNX Runtime on the CPU."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

VERSIONS = ("onnxruntime", "numpy")
SETS_THREADS = True  # load() takes their number from DEPLOYMATRIX_THREADS each time
BFLOAT16 = "tensor(bfloat16)"  # which numpy lacks: it is told by that name, and travels as float32
BFLOAT16_NUMBER = 16  # TensorProto.BFLOAT16
DTYPES = {"float": "float32", "double": "float64"}  # where ONNX Runtime's word is not numpy's


def load(payload: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = int(os.environ.get("DEPLOYMATRIX_THREADS", "1"))
    return onnxruntime.InferenceSession(payload, options, providers=["CPUExecutionProvider"])


def run(session: onnxruntime.InferenceSession, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Outputs by their names in the graph."""
    names = [output.name for output in session.get_outputs()]
    tensors = [*session.get_inputs(), *session.get_outputs()]
    if any(tensor.type == BFLOAT16 for tensor in tensors):
        return run_in_bfloat16(session, names, inputs)
    return dict(zip(names, session.run(names, inputs), strict=True))


def run_in_bfloat16(
    session: onnxruntime.InferenceSession, names: list[str], inputs: dict[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """The same where a tensor is bfloat16: of a float32's bytes that is the upper half, rounded."""
    kinds = {tensor.name: tensor.type for tensor in session.get_inputs()}
    feeds = {name: value_of(array, kinds.get(name, "")) for name, array in inputs.items()}
    values = session.run_with_ort_values(names, feeds)
    return {name: array_of(value) for name, value in zip(names, values, strict=True)}


def value_of(array: np.ndarray, kind: str) -> onnxruntime.OrtValue:
    if kind != BFLOAT16:
        return onnxruntime.OrtValue.ortvalue_from_numpy(array)
    bits = np.ascontiguousarray(array, np.float32).view(np.uint32)
    upper = (bits + np.uint32(0x7FFF) + (bits >> 16 & 1)) >> 16  # to nearest, ties to even
    upper = np.where(np.isnan(array), np.uint32(0x7FC0), upper)
    return onnxruntime.OrtValue.ortvalue_from_numpy_with_onnx_type(upper.astype(np.uint16), BFLOAT16_NUMBER)


def array_of(value: onnxruntime.OrtValue) -> np.ndarray:
    """An output; ONNX Runtime makes no array of bfloat16, but it lets its memory be read."""
    if value.data_type() != BFLOAT16:
        return value.numpy()
    shape = value.shape()
    memory = ctypes.string_at(value.data_ptr(), 2 * int(np.prod(shape)))
    return (np.frombuffer(memory, np.uint16).astype(np.uint32) << 16).view(np.float32).reshape(shape)


def describe(session: onnxruntime.InferenceSession) -> dict[str, dict[str, dict[str, Any]]]:
    """Inputs and outputs by their names in the graph."""
    return {"inputs": described(session.get_inputs()), "outputs": described(session.get_outputs())}


def described(tensors: list[onnxruntime.NodeArg]) -> dict[str, dict[str, Any]]:
    return {tensor.name: {"dtype": dtype_of(tensor.type), "shape": tensor.shape} for tensor in tensors}


def dtype_of(kind: str) -> str | None:
    """numpy's name for "tensor(float)"; None for what numpy has no dtype for, as strings or sequences."""
    if kind == BFLOAT16:
        return "bfloat16"
    name = kind.removeprefix("tensor(").removesuffix(")")
    name = DTYPES.get(name, name)
    return name if kind.startswith("tensor(") and hasattr(np, name) and name != "string" else None
