"""Runs an .mnn file with MNN on the CPU, in full precision and without Winograd's convolutions."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from MNN import expr, nn

VERSIONS = ("mnn", "numpy")
SETS_THREADS = True  # load() takes their number from DEPLOYMATRIX_THREADS each time
# Hint 3, WINOGRAD_MEMORY_LEVEL: without, ResNet-18 is off by 2e-4, and sums otherwise on two threads than on one.
WINOGRAD = (3, 0)
DTYPES = {expr.float: "float32", expr.int: "int32", expr.uint8: "uint8", expr.double: "float64", expr.int64: "int64"}


@dataclass(frozen=True)
class Session:
    """`runtime` is kept because the module's answers are zeros after it is gone."""

    module: Any
    runtime: Any


def load(payload: Path) -> Session:
    threads = int(os.environ.get("DEPLOYMATRIX_THREADS", "1"))
    settings = {"backend": 0, "precision": "high", "numThread": threads}  # 0: the CPU
    runtime = nn.create_runtime_manager((settings,))
    runtime.set_hint(*WINOGRAD)
    return Session(nn.load_module_from_file(str(payload), [], [], runtime_manager=runtime), runtime)


def run(session: Session, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Outputs by their names in the file, copied out: they lie in the session's memory."""
    info = session.module.get_info()
    tensors = []
    for name, declared in zip(info["inputNames"], info["inputs"], strict=True):
        tensor = expr.placeholder(inputs[name].shape, declared.data_format, declared.dtype)
        tensor.write(inputs[name])
        tensors.append(tensor)
    answers = session.module.onForward(tensors)
    return {name: answer.read().copy() for name, answer in zip(info["outputNames"], answers, strict=True)}


def describe(session: Session) -> dict[str, dict[str, dict[str, Any]]]:
    """Inputs and outputs by their names; of an output the file does not tell dtype and shape."""
    info = session.module.get_info()
    inputs = zip(info["inputNames"], info["inputs"], strict=True)
    return {
        "inputs": {name: {"dtype": DTYPES.get(tensor.dtype), "shape": tensor.shape} for name, tensor in inputs},
        "outputs": {name: {"dtype": None, "shape": None} for name in info["outputNames"]},
    }
