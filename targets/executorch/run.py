"""Runs a .pte file with ExecuTorch: portable kernels and XNNPACK. Inputs and outputs go by position: "0", "1", …

The extension module is imported directly: executorch.runtime imports the whole exporter first, which takes 7 s and
needs packages that only an exporter has. `torch` comes before it, because it loads the libraries that the extension needs.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import torch
from executorch.extension.pybindings import _portable_lib

VERSIONS = ("executorch", "torch", "numpy")


def load(payload: Path) -> _portable_lib.ExecuTorchModule:
    """The program with its method `forward` loaded."""
    threads = int(os.environ.get("DEPLOYMATRIX_THREADS", "1"))
    torch.set_num_threads(threads)
    _portable_lib._unsafe_reset_threadpool(threads)
    return _portable_lib._load_for_executorch(str(payload))


def run(session: _portable_lib.ExecuTorchModule, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Outputs copied out: the program's own buffers are overwritten by its next run."""
    outputs = session.run_method("forward", tuple(torch.tensor(inputs[str(i)]) for i in range(len(inputs))))
    return {str(i): tensor.numpy().copy() for i, tensor in enumerate(outputs)}
