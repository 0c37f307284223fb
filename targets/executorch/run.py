"""Runs a .pte file with ExecuTorch: portable kernels and XNNPACK. Inputs and outputs go by position: "0", "1", …

The extension module is imported directly: executorch.runtime imports the whole exporter first, which takes 7 s and
needs packages that only an exporter has. `torch` comes before it, because it loads the libraries that it needs.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch

PYBINDINGS = "executorch.extension.pybindings"
NAMES = ("_portable_lib", "_C")  # up to 1.4, and from 1.5 on
_portable_lib = import_module(next(name for name in (f"{PYBINDINGS}.{n}" for n in NAMES) if find_spec(name)))

VERSIONS = ("executorch", "torch", "numpy")
SETS_THREADS = True  # load() takes their number from DEPLOYMATRIX_THREADS each time
# ExecuTorch's numbers for dtypes: https://github.com/pytorch/executorch/blob/main/runtime/core/portable_type/scalar_type.h
DTYPES = dict(enumerate(("uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64"))) | {11: "bool"}


def load(payload: Path) -> Any:
    """The program with its method `forward` loaded."""
    threads = int(os.environ.get("DEPLOYMATRIX_THREADS", "1"))
    torch.set_num_threads(threads)
    _portable_lib._unsafe_reset_threadpool(threads)
    return _portable_lib._load_for_executorch(str(payload))


def run(session: Any, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Outputs copied out: the program's own buffers are overwritten by its next run."""
    outputs = session.run_method("forward", tuple(torch.tensor(inputs[str(i)]) for i in range(len(inputs))))
    return {str(i): tensor.numpy().copy() for i, tensor in enumerate(outputs)}


def describe(session: Any) -> dict[str, dict[str, dict[str, Any]]]:
    """Inputs and outputs by position. Where a size may vary, the file gives its upper bound."""
    meta = session.method_meta("forward")
    return {
        "inputs": described(meta.input_tensor_meta, meta.num_inputs()),
        "outputs": described(meta.output_tensor_meta, meta.num_outputs()),
    }


def described(tensor: Callable[[int], Any], count: int) -> dict[str, dict[str, Any]]:
    tensors = [tensor(i) for i in range(count)]
    return {str(i): {"dtype": DTYPES.get(t.dtype()), "shape": list(t.sizes())} for i, t in enumerate(tensors)}
