"""Runs a .ptl file with PyTorch's lite interpreter. Inputs and outputs go by position: "0", "1", …

There is no `describe`: the file does not tell dtypes and shapes.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.jit.mobile import _load_for_lite_interpreter

VERSIONS = ("torch", "numpy")
SETS_THREADS = True  # load() takes their number from DEPLOYMATRIX_THREADS each time


def load(payload: Path) -> Any:
    torch.set_num_threads(int(os.environ.get("DEPLOYMATRIX_THREADS", "1")))
    return _load_for_lite_interpreter(str(payload), map_location="cpu")


@torch.no_grad()
def run(session: Any, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    outputs = session(*(torch.tensor(inputs[str(i)]) for i in range(len(inputs))))
    tensors = (outputs,) if isinstance(outputs, torch.Tensor) else outputs
    return {str(i): tensor.numpy() for i, tensor in enumerate(tensors)}
