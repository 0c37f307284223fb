"""Answers for an ExecuTorch program in exact arithmetic: the graph that was lowered, node by node in float64.

Only what the graph itself rounds is rounded: the weights that it holds, and what its quantise operators make of
activations. A range that is taken call by call is that of each row, as XNNPACK takes it, and not of the whole tensor,
as the graph says: docs/findings/executorch-dynamic-rows/finding.md.

A second answer rounds the result of each node to the dtype that the graph has there. A graph of float16 rounds so by
itself, so there the first answer does, and the second does not: what lies between the two is the noise of its
arithmetic in either case.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.fx import GraphModule, Interpreter, Node
from torch.utils import _pytree as pytree

VERSIONS = ("torch", "executorch", "numpy")
NARROW = (torch.float32, torch.float16)


class Exact(Interpreter):
    """A graph in float64."""

    def run_node(self, node: Node) -> Any:
        if str(node.target) == "quantized_decomposed.choose_qparams.tensor":
            args, _ = self.fetch_args_kwargs_from_env(node)
            return ranges(*args, axes=3 if feeds_convolution(node) else 1)
        answer = super().run_node(node)
        return wide(answer) if node.op in ("placeholder", "get_attr") else answer

    def call_function(self, target: Any, args: Any, kwargs: Any) -> Any:
        own = EXACT.get(str(target))
        if own is not None:
            return own(*args, **{name: value for name, value in kwargs.items() if name != "out_dtype"})
        args, kwargs = pytree.tree_map(without_narrow, (args, kwargs))
        return super().call_function(target, args, kwargs)


class Rounding(Exact):
    """The same, but each node's result is then rounded to the dtype that the graph has there."""

    def run_node(self, node: Node) -> Any:
        answer, declared = super().run_node(node), node.meta.get("val")
        if isinstance(answer, Tensor) and isinstance(declared, Tensor) and declared.dtype in NARROW:
            return answer.to(declared.dtype).double()
        return answer


def load(payload: Path) -> tuple[Interpreter, Interpreter]:
    import executorch.exir  # noqa: F401  registers the quantise operators
    import torch.ao.quantization.fx._decomposed

    program: GraphModule = torch.export.load(payload / "model.pt2").module(check_guards=False)
    values = [node.meta.get("val") for node in program.graph.nodes]
    halves = any(isinstance(value, Tensor) and value.dtype == torch.float16 for value in values)
    return (Rounding(program), Exact(program)) if halves else (Exact(program), Rounding(program))


@torch.no_grad()
def run(session: tuple[Interpreter, Interpreter], inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Outputs in float64 by their positions: those of the first answer, and with ".rounded" behind them the other's."""
    given = [torch.tensor(inputs[str(i)]) for i in range(len(inputs))]
    found = {}
    for word, graph in zip(("", ".rounded"), session, strict=True):
        outputs = graph.run(*given)
        tensors = (outputs,) if isinstance(outputs, Tensor) else tuple(outputs)
        found |= {f"{i}{word}": tensor.numpy() for i, tensor in enumerate(tensors)}
    return found


def wide(value: Any) -> Any:
    return value.double() if isinstance(value, Tensor) and value.dtype in NARROW else value


def without_narrow(value: Any) -> Any:
    return torch.float64 if value in NARROW and isinstance(value, torch.dtype) else value


def feeds_convolution(node: Node) -> bool:
    """Tell whether what a range is taken of goes into a convolution, past the operators that quantise it."""
    users = list(node.users)
    while users:
        user = users.pop()
        if "conv" in str(user.target):
            return True
        if "quantize" in str(user.target) or "getitem" in str(user.target):
            users.extend(user.users)
    return False


def ranges(tensor: Tensor, least: int, most: int, eps: float, _dtype: Any, *, axes: int) -> tuple[Tensor, Tensor]:
    """Scale and zero point of each row of so many axes: the range, with 0 in it, over all levels."""
    over = tuple(range(-min(axes, tensor.dim()), 0))
    low, high = tensor.amin(over, keepdim=True).clamp(max=0), tensor.amax(over, keepdim=True).clamp(min=0)
    scale = ((high - low) / (most - least)).clamp(min=eps)
    return scale, (least - torch.round(low / scale)).clamp(least, most)


def quantise(tensor: Tensor, scale: Any, zero: Any, least: int, most: int, dtype: torch.dtype) -> Tensor:
    return (torch.round(tensor / scale) + zero).clamp(least, most).to(dtype)


def dequantise(tensor: Tensor, scale: Any, zero: Any, *_: Any) -> Tensor:
    return (tensor.double() - zero) * scale


def by_channel(does: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """The same for a scale and a zero point each channel of an axis."""

    def done(tensor: Tensor, scales: Tensor, zeros: Tensor | None, axis: int, *rest: Any) -> Tensor:
        shape = [1] * tensor.dim()
        shape[axis] = -1
        zero: Any = 0 if zeros is None else zeros.reshape(shape)
        return does(tensor, scales.double().reshape(shape), zero, *rest)

    return done


EXACT: dict[str, Callable[..., Tensor]] = {
    "quantized_decomposed.quantize_per_tensor.default": quantise,
    "quantized_decomposed.quantize_per_tensor.tensor": quantise,
    "quantized_decomposed.dequantize_per_tensor.default": dequantise,
    "quantized_decomposed.dequantize_per_tensor.tensor": dequantise,
    "quantized_decomposed.quantize_per_channel.default": by_channel(quantise),
    "quantized_decomposed.dequantize_per_channel.default": by_channel(dequantise),
}
