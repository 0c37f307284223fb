"""Runs a .pte file with ExecuTorch's portable kernels. Inputs and outputs go by position: "0", "1", …

The extension module is imported directly, and `torch` before it: see targets/executorch/run.py.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from executorch.extension.pybindings import _portable_lib

VERSIONS = ("executorch", "torch", "numpy")  # no SETS_THREADS: these kernels run on one
# By their numbers in ExecuTorch's ScalarType; 11 is bool.
DTYPES = dict(enumerate(("uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64"))) | {11: "bool"}


def load(payload: Path) -> _portable_lib.ExecuTorchModule:
    _portable_lib._unsafe_reset_threadpool(1)
    return _portable_lib._load_for_executorch(str(payload))


def run(session: _portable_lib.ExecuTorchModule, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Outputs copied out: the program's own buffers are overwritten by its next run."""
    outputs = session.run_method("forward", tuple(torch.tensor(inputs[str(i)]) for i in range(len(inputs))))
    return {str(i): tensor.numpy().copy() for i, tensor in enumerate(outputs)}


def describe(session: _portable_lib.ExecuTorchModule) -> dict[str, dict[str, dict[str, Any]]]:
    """Inputs and outputs by position. Where a size may vary, the file gives its upper bound."""
    meta = session.method_meta("forward")
    return {
        "inputs": described(meta.input_tensor_meta, meta.num_inputs()),
        "outputs": described(meta.output_tensor_meta, meta.num_outputs()),
    }


def described(tensor: Callable[[int], Any], count: int) -> dict[str, dict[str, Any]]:
    tensors = [tensor(i) for i in range(count)]
    return {str(i): {"dtype": DTYPES.get(t.dtype()), "shape": list(t.sizes())} for i, t in enumerate(tensors)}
