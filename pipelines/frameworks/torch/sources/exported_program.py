"""A PyTorch model from a .pt2 file of torch.export.save, graph and weights."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.fx.node import map_aggregate

VERSIONS = ("torch",)


def build(given: dict[str, Any], spec: Any) -> nn.Module:
    """given: path of the file; trust, since torch.export.load unpickles what the file holds.

    Raises PermissionError without trust, RuntimeError when torch.export did not write the file.
    """
    if not given["trust"]:
        raise PermissionError(f"{given['path']} is not opened: it can run code, and model.toml has no source.trust")
    return Program(torch.export.load(given["path"]).module())


class Program(nn.Module):
    """An exported program as a module: it refuses train() and eval(), being what it was exported as."""

    def __init__(self, program: nn.Module) -> None:
        super().__init__()
        self.program = program

    def forward(self, *tensors: torch.Tensor) -> Any:
        return self.program(*tensors)

    def train(self, mode: bool = True) -> Program:
        self.training = mode
        return self

    def to(self, *args: Any, **kwargs: Any) -> Program:
        """As of any module; and to another floating dtype, also what the graph says of float32."""
        super().to(*args, **kwargs)
        dtype = next((a for a in (*args, kwargs.get("dtype")) if isinstance(a, torch.dtype)), None)
        if dtype is not None and dtype.is_floating_point:
            recast(self.program, dtype)
        return self


def recast(program: nn.Module, dtype: torch.dtype) -> None:
    """Every float32 that a graph names in its calls becomes `dtype`: the casts and constants of the exported code."""
    for module in program.modules():
        if isinstance(module, torch.fx.GraphModule):
            for node in module.graph.nodes:
                node.args = map_aggregate(node.args, lambda a: dtype if a is torch.float32 else a)
                node.kwargs = map_aggregate(node.kwargs, lambda a: dtype if a is torch.float32 else a)
            module.recompile()
