"""Runs a TorchScript file with torch.jit. Inputs and outputs go by position: "0", "1", …"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import torch

VERSIONS = ("torch", "numpy")
SETS_THREADS = True  # load() takes their number from DEPLOYMATRIX_THREADS each time


def load(payload: Path) -> torch.jit.ScriptModule:
    torch.set_num_threads(int(os.environ.get("DEPLOYMATRIX_THREADS", "1")))
    return torch.jit.load(str(payload), map_location="cpu").eval()


@torch.no_grad()
def run(session: torch.jit.ScriptModule, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    outputs = session(*(torch.tensor(inputs[str(i)]) for i in range(len(inputs))))
    tensors = (outputs,) if isinstance(outputs, torch.Tensor) else outputs
    return {str(i): array_of(tensor) for i, tensor in enumerate(tensors)}


def array_of(tensor: torch.Tensor) -> np.ndarray:
    """bfloat16, which numpy lacks, comes out as float32."""
    return (tensor.float() if tensor.dtype == torch.bfloat16 else tensor).numpy()


def describe(session: torch.jit.ScriptModule) -> dict[str, dict[str, dict[str, Any]]]:
    """Inputs and outputs by position. The file tells how many there are; dtypes and shapes only where it fixes them."""
    graph = session.graph
    outputs = [value.type() for value in graph.outputs()]
    if len(outputs) == 1 and isinstance(outputs[0], torch.TupleType):
        outputs = outputs[0].elements()
    inputs = [value.type() for value in graph.inputs()][1:]  # the first is the module itself
    return {"inputs": described(inputs), "outputs": described(outputs)}


def described(kinds: list[Any]) -> dict[str, dict[str, Any]]:
    return {str(i): {"dtype": dtype_of(kind), "shape": shape_of(kind)} for i, kind in enumerate(kinds)}


def dtype_of(kind: Any) -> str | None:
    dtype = kind.dtype() if isinstance(kind, torch.TensorType) else None
    return None if dtype is None else str(dtype).removeprefix("torch.")


def shape_of(kind: Any) -> list[int | None] | None:
    return kind.sizes() if isinstance(kind, torch.TensorType) else None
