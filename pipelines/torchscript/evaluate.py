"""Answers for a TorchScript program in exact arithmetic: a program of float64 that its step left beside it.

It holds the weights that the program has, and rounds what the program's layers of int8 round; nothing else.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

VERSIONS = ("torch", "numpy")


def load(payload: Path) -> torch.jit.ScriptModule:
    return torch.jit.load(str(payload / "model.pt"), map_location="cpu").eval()


@torch.no_grad()
def run(session: torch.jit.ScriptModule, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Outputs in float64 by their positions."""
    given = [torch.tensor(inputs[str(i)]) for i in range(len(inputs))]
    outputs = session(*(tensor.double() if tensor.is_floating_point() else tensor for tensor in given))
    tensors = (outputs,) if isinstance(outputs, torch.Tensor) else outputs
    return {str(i): tensor.numpy() for i, tensor in enumerate(tensors)}
