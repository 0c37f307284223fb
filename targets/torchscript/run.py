"""Runs a TorchScript file with torch.jit. Inputs and outputs go by position: "0", "1", …"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import torch

VERSIONS = ("torch", "numpy")


def load(payload: Path) -> torch.jit.ScriptModule:
    torch.set_num_threads(int(os.environ.get("DEPLOYMATRIX_THREADS", "1")))
    return torch.jit.load(str(payload), map_location="cpu").eval()


@torch.no_grad()
def run(session: torch.jit.ScriptModule, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    outputs = session(*(torch.tensor(inputs[str(i)]) for i in range(len(inputs))))
    tensors = (outputs,) if isinstance(outputs, torch.Tensor) else outputs
    return {str(i): tensor.numpy() for i, tensor in enumerate(tensors)}
