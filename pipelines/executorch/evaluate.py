"""Answers for an ExecuTorch program in exact arithmetic: the graph that was lowered, node by node in float64.

Only what the graph itself rounds is rounded: the weights that it holds, and what its quantise operators make of
activations. A range that is taken call by call is that of each row, however small, as XNNPACK takes it, and not of the
whole tensor, as the graph says: docs/findings/executorch-dynamic-rows/finding.md. A bias between static scales is that
of int32 which XNNPACK keeps, and not the float of the graph: docs/findings/executorch-static-bias/finding.md.

A second answer rounds on the way, as the runtime may: the result of each node to the dtype that the graph has there,
and where a kernel adds up in float16, each sum (accumulating.py). What lies between the two is the noise of its
arithmetic. Which levels rounding flips is chance, so a quantised graph rounds several times, each time a little
otherwise, and the answer that is the farthest off counts: with one, a sample in which nothing flips would promise that
nothing can.
"""

from __future__ import annotations

import importlib.util
import json
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
DRAWS = 4  # of rounding
UNSAID: tuple[Any, ...] = ((1, 1), (0, 0), (1, 1), 1)  # a convolution's stride, padding, dilation and groups by default


def beside(name: str) -> Any:
    """The module of a file of this folder, which is no place to import from."""
    path = Path(__file__).parent / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"deploymatrix_executorch_{name}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


accumulating = beside("accumulating")


class Exact(Interpreter):
    """A graph in float64. portable: the names of layers that the delegate does not run."""

    def __init__(self, graph: GraphModule, portable: frozenset[str] = frozenset()) -> None:
        super().__init__(graph)
        self.portable = portable

    def fetch_args_kwargs_from_env(self, n: Node) -> tuple[Any, Any]:
        args, kwargs = super().fetch_args_kwargs_from_env(n)
        step = None if n.name in self.portable else self.step_of_bias(n)
        if step is None:
            return args, kwargs
        return (*args[:2], torch.round(args[2] / step) * step, *args[3:]), kwargs

    def step_of_bias(self, node: Node) -> Tensor | None:
        """What a bias is a multiple of: the scale of what comes in times those of the weights; None of other nodes."""
        if not is_layer(node) or len(node.args) < 3 or node.args[2] is None:
            return None
        x, weight = node.args[:2]
        if "dequantize_per_tensor.default" not in called(x) or "dequantize_per_channel" not in called(weight):
            return None
        scales: Tensor = self.fetch_attr(str(weight.args[1].target))
        return scales.double() * x.args[1]

    def run_node(self, node: Node) -> Any:
        if str(node.target) == "quantized_decomposed.choose_qparams.tensor":
            args, _ = self.fetch_args_kwargs_from_env(node)
            return ranges(*args[:3], over=row(layers_behind(node)))
        answer = super().run_node(node)
        return wide(answer) if node.op in ("placeholder", "get_attr") else answer

    def call_function(self, target: Any, args: Any, kwargs: Any) -> Any:
        own = EXACT.get(str(target))
        if own is not None:
            return own(*args, **{name: value for name, value in kwargs.items() if name != "out_dtype"})
        args, kwargs = pytree.tree_map(without_narrow, (args, kwargs))
        return super().call_function(target, args, kwargs)


class Rounding(Exact):
    """The same, but each node's result is then rounded to the dtype that the graph has there, and sums of float16.

    seed: of what results in float32 are moved by before they are rounded, up to half a unit in the last place; 0: none.
    """

    def __init__(self, graph: GraphModule, portable: frozenset[str] = frozenset(), seed: int = 0) -> None:
        super().__init__(graph, portable)
        self.seed = seed

    def run(self, *args: Any, **options: Any) -> Any:
        self.generator = torch.Generator().manual_seed(self.seed)
        return super().run(*args, **options)

    def run_node(self, node: Node) -> Any:
        declared = node.meta.get("val")
        if not isinstance(declared, Tensor) or declared.dtype not in NARROW:
            return super().run_node(node)
        if declared.dtype == torch.float16 and is_layer(node):
            args, kwargs = self.fetch_args_kwargs_from_env(node)
            answer = accumulating.layer(node.target, args, kwargs, portable=node.name in self.portable)
            if answer is not None:
                return answer
        answer = super().run_node(node)
        if self.seed and node.op == "call_function" and declared.dtype == torch.float32:
            moved = torch.rand(answer.shape, generator=self.generator, dtype=torch.float64) - 0.5
            answer = answer * (1 + moved * torch.finfo(torch.float32).eps)
        return answer.to(declared.dtype).double()


def load(payload: Path) -> tuple[Exact, ...]:
    import executorch.exir  # noqa: F401  registers the quantise operators
    import torch.ao.quantization.fx._decomposed

    program: GraphModule = torch.export.load(payload / "model.pt2").module(check_guards=False)
    portable = frozenset(json.loads((payload / "portable.json").read_text(encoding="utf-8")))
    quantised = any("quantize_per_" in str(node.target) for node in program.graph.nodes)
    rounding = (Rounding(program, portable, seed) for seed in range(DRAWS if quantised else 1))
    return Exact(program, portable), *rounding


@torch.no_grad()
def run(session: tuple[Exact, ...], inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Outputs in float64 by their positions: those of the first answer, and with ".rounded" behind them those of the
    other that is the farthest from it."""
    given = [torch.tensor(inputs[str(i)]) for i in range(len(inputs))]
    exact, *drawn = (answers(graph.run(*given)) for graph in session)
    found = {}
    for i, tensor in enumerate(exact):
        farthest = max((answer[i] for answer in drawn), key=lambda other, one=tensor: apart(one, other))
        found |= {f"{i}": tensor.numpy(), f"{i}.rounded": farthest.numpy()}
    return found


def answers(outputs: Any) -> tuple[Tensor, ...]:
    return (outputs,) if isinstance(outputs, Tensor) else tuple(outputs)


def apart(one: Tensor, other: Tensor) -> float:
    return float((other.double() - one.double()).norm())


def wide(value: Any) -> Any:
    return value.double() if isinstance(value, Tensor) and value.dtype in NARROW else value


def without_narrow(value: Any) -> Any:
    return torch.float64 if value in NARROW and isinstance(value, torch.dtype) else value


def called(node: Any) -> str:
    return str(node.target) if isinstance(node, Node) and node.op == "call_function" else ""


def is_layer(node: Node) -> bool:
    return called(node).startswith(("aten.linear.", "aten.conv1d.", "aten.conv2d."))


def layers_behind(node: Node) -> list[Node]:
    """The layers into which goes what a range is taken of, past the operators that quantise it."""
    users, layers = list(node.users), []
    while users:
        user = users.pop()
        if "quantize" in str(user.target) or "getitem" in str(user.target):
            users.extend(user.users)
        else:
            layers.append(user)
    return layers


def row(layers: list[Node]) -> tuple[int, ...]:
    """The axes over which a range is taken before these layers."""
    convolutions = [layer for layer in layers if "conv" in called(layer)]
    if not convolutions:
        return (-1,)
    return (-3,) if all(is_of_pixels(layer) for layer in convolutions) else (-3, -2, -1)


def is_of_pixels(layer: Node) -> bool:
    """Tell whether a convolution takes pixels one by one, which XNNPACK makes a linear layer of their own rows."""
    if not called(layer).startswith("aten.conv2d."):
        return False
    said = layer.args[3:]
    stride, padding, _, groups = (*said, *UNSAID[len(said) :])
    kernel = layer.args[1].meta["val"].shape[2:]
    return set(kernel) == set(stride) == {1} and not any(padding) and groups == 1


def ranges(tensor: Tensor, least: int, most: int, *, over: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    """Scale and zero point of each row: the range over these axes, with 0 in it, over all levels."""
    low, high = tensor.amin(over, keepdim=True).clamp(max=0), tensor.amax(over, keepdim=True).clamp(min=0)
    scale = (high - low) / (most - least)
    scale = torch.where(scale == 0, 1.0, scale)
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
