"""Answers for a TorchScript program in exact arithmetic: a program of float64 that its step left beside it.

It holds the weights that the program has, and rounds what the program's layers of int8 round; nothing else. A second
answer rounds the result of each operator to the dtype that the program computes in, which is the file's name: what lies
between the two is the noise of its arithmetic.
"""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils import _pytree as pytree
from torch.utils._python_dispatch import TorchDispatchMode

VERSIONS = ("torch", "numpy")
Session = tuple[torch.jit.ScriptModule, torch.dtype]


class Rounding(TorchDispatchMode):
    """Rounds what operators give in float64 to another dtype, or write in place; not what is a view."""

    def __init__(self, dtype: torch.dtype) -> None:
        super().__init__()
        self.dtype = dtype

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        answer = func(*args, **(kwargs or {}))
        if func.is_view:
            return answer
        if func._schema.is_mutable:
            pytree.tree_map_only(torch.Tensor, lambda tensor: tensor.copy_(self.rounded(tensor)), answer)
            return answer
        return pytree.tree_map_only(torch.Tensor, self.rounded, answer)

    def rounded(self, tensor: torch.Tensor) -> torch.Tensor:
        return tensor.to(self.dtype).double() if tensor.dtype == torch.float64 else tensor


def load(payload: Path) -> Session:
    (file,) = payload.glob("*.pt")
    return torch.jit.load(str(file), map_location="cpu").eval(), getattr(torch, file.stem)


@torch.no_grad()
def run(session: Session, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Outputs in float64 by their positions: those of the first answer, and with ".rounded" behind them the other's."""
    program, dtype = session
    given = [torch.tensor(inputs[str(i)]) for i in range(len(inputs))]
    given = [tensor.double() if tensor.is_floating_point() else tensor for tensor in given]
    found = {}
    for word, mode in (("", nullcontext()), (".rounded", Rounding(dtype))):
        with mode:
            outputs = program(*given)
        tensors = (outputs,) if isinstance(outputs, torch.Tensor) else outputs
        found |= {f"{i}{word}": tensor.numpy() for i, tensor in enumerate(tensors)}
    return found
