"""Runs an OpenVINO IR on the CPU: a folder with an .xml file and its weights."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import openvino

VERSIONS = ("openvino", "numpy")
SETS_THREADS = True  # load() takes their number from DEPLOYMATRIX_THREADS each time


def load(payload: Path) -> openvino.CompiledModel:
    """Raises ValueError unless the folder holds one .xml file."""
    (file,) = payload.glob("*.xml")
    settings = {
        "INFERENCE_PRECISION_HINT": "f32",  # else it takes bfloat16 on a CPU that has it
        "INFERENCE_NUM_THREADS": int(os.environ.get("DEPLOYMATRIX_THREADS", "1")),
        "PERFORMANCE_HINT": "LATENCY",
    }
    return openvino.Core().compile_model(file, "CPU", settings)


def run(session: openvino.CompiledModel, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Outputs by their names in the IR, copied out: the next run overwrites the request's own."""
    answer = session(inputs)
    return {port.any_name: answer[port].copy() for port in session.outputs}


def describe(session: openvino.CompiledModel) -> dict[str, dict[str, dict[str, Any]]]:
    """Inputs and outputs by their names in the IR."""
    return {"inputs": described(session.inputs), "outputs": described(session.outputs)}


def described(ports: list[openvino.ConstOutput]) -> dict[str, dict[str, Any]]:
    return {port.any_name: {"dtype": dtype_of(port), "shape": shape_of(port.partial_shape)} for port in ports}


def dtype_of(port: openvino.ConstOutput) -> str | None:
    """None for what numpy has no dtype for, as strings."""
    try:
        return port.element_type.to_dtype().name
    except RuntimeError:
        return None


def shape_of(shape: openvino.PartialShape) -> list[int | None] | None:
    """A size that varies is None."""
    if shape.rank.is_dynamic:
        return None
    return [size.get_length() if size.is_static else None for size in shape]
