"""A model made wrong on purpose, for `deploymatrix selftest`: another model, with one change to its computation.

The change is made to the graph that torch.export makes of the model; weights stay as they are.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
import torch.export._trace  # torch.export.export imports it when called, 3 s: here, once, before the fork
from torch import Tensor, nn
from torch.fx import GraphModule, Node
from torch.fx.node import map_aggregate

VERSIONS = ("torch", "safetensors", "numpy")
ATEN = torch.ops.aten
CONVOLUTIONS = (ATEN.conv1d.default, ATEN.conv2d.default)
MATRICES = (ATEN.linear.default, ATEN.matmul.default, *CONVOLUTIONS)


def build(given: dict[str, Any], spec: Any) -> nn.Module:
    """given: as for weight_mutant.py, whose NoSite is raised where there is no site for the kind."""
    mutants = beside("weight_mutant.py")
    options = given["options"]
    if options["kind"] not in GRAPHS:
        raise mutants.NoSite("PyTorch has no such kind")
    network = mutants.original(given, spec)
    find, edit = GRAPHS[options["kind"]]
    example = tuple(torch.tensor(spec.example[declared.name]) for declared in spec.inputs)
    program = torch.export.export(network, example).module(check_guards=False)
    nodes = [node for node in program.graph.nodes if node.op in {"call_function", "output"} and find(node)]
    node = mutants.chosen(nodes, options["pick"])
    print(f"mutant: {node.name} ({node.target})")
    edit(program.graph, node)
    program.graph.lint()
    program.recompile()
    return Program(program)


def beside(name: str) -> ModuleType:
    path = Path(__file__).with_name(name)
    spec = importlib.util.spec_from_file_location(f"deploymatrix_sources_{path.stem}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def calls(*targets: Any) -> Callable[[Node], bool]:
    return lambda node: node.target in targets


def clip_relu(graph: Any, node: Node) -> None:
    node.target, node.args = ATEN.clamp.default, (node.args[0], 0, 6)


def unclip(graph: Any, node: Node) -> None:
    node.target, node.args = ATEN.relu.default, (node.args[0],)


def swap_gelu(graph: Any, node: Node) -> None:
    exact = node.kwargs.get("approximate", "none") == "none"
    node.kwargs = {"approximate": "tanh" if exact else "none"}


def to_silu(graph: Any, node: Node) -> None:
    node.target, node.args, node.kwargs = ATEN.silu.default, (node.args[0],), {}


def to_gelu(graph: Any, node: Node) -> None:
    node.target, node.args = ATEN.gelu.default, (node.args[0],)


EPSILON_AT = {ATEN.layer_norm.default: 4, ATEN.batch_norm.default: 7, ATEN.group_norm.default: 4}


def raise_epsilon(graph: Any, node: Node) -> None:
    at = EPSILON_AT[node.target]
    epsilon = node.args[at] if len(node.args) > at else 1e-5
    node.args = (*node.args[:at], 100 * epsilon, *node.args[at + 1 :])


def other_axis(graph: Any, node: Node) -> None:
    node.args = (node.args[0], -2 if node.args[1] in (-1, node.meta["val"].ndim - 1) else -1, *node.args[2:])


def invert_mask(graph: Any, node: Node) -> None:
    with graph.inserting_before(node):
        inverted = graph.call_function(ATEN.logical_not.default, (node.args[1],))
    node.args = (node.args[0], inverted, *node.args[2:])


def ignore_mask(graph: Any, node: Node) -> None:
    node.replace_all_uses_with(node.args[0])
    graph.erase_node(node)


def move_diagonal(graph: Any, node: Node) -> None:
    node.args = (node.args[0], (node.args[1] if len(node.args) > 1 else 0) + 1)


def is_padded(node: Node) -> bool:
    return node.target in CONVOLUTIONS and len(node.args) > 4 and any(node.args[4])


def shift_padding(graph: Any, node: Node) -> None:
    """Pad one more before and one less after, along the last axis."""
    sizes = list(node.args[4]) * (node.args[0].meta["val"].ndim - 2 if len(node.args[4]) == 1 else 1)
    around = [side for size in reversed(sizes) for side in (size, size)]
    around[:2] = [around[0] + 1, around[1] - 1]
    with graph.inserting_before(node):
        padded = graph.call_function(ATEN.constant_pad_nd.default, (node.args[0], around, 0.0))
    node.args = (padded, *node.args[1:4], [0] * len(sizes), *node.args[5:])


def flip_ceil(graph: Any, node: Node) -> None:
    defaults = (None, None, [], [0, 0], [1, 1], False)
    args = (*node.args, *defaults[len(node.args) :])
    node.args = (*args[:5], not args[5])


def resize_otherwise(graph: Any, node: Node) -> None:
    """Nearest becomes bilinear; bilinear aligns its corners where it did not."""
    source, size, *rest = node.args
    if node.target is ATEN.upsample_nearest2d.vec:
        node.target, node.args = ATEN.upsample_bilinear2d.vec, (source, size, False, *rest)
    else:
        node.args = (source, size, not rest[0], *rest[1:])


def computes_float32(node: Node) -> bool:
    return node.target in MATRICES and node.meta["val"].dtype is torch.float32


def round_result(graph: Any, node: Node) -> None:
    cast_after(graph, node, torch.float16, torch.float32)


def gives_int64(node: Node) -> bool:
    value = node.meta.get("val")
    arithmetic = {ATEN.mul.Tensor, ATEN.add.Tensor, ATEN.sum.default, ATEN.sum.dim_IntList, ATEN.cumsum.default}
    return node.target in arithmetic and isinstance(value, Tensor) and value.dtype is torch.int64


def truncate_result(graph: Any, node: Node) -> None:
    cast_after(graph, node, torch.int32, torch.int64)


def cast_after(graph: Any, node: Node, narrow: torch.dtype, wide: torch.dtype) -> None:
    users = list(node.users)
    with graph.inserting_after(node):
        narrowed = graph.call_function(ATEN.to.dtype, (node, narrow))
    with graph.inserting_after(narrowed):
        widened = graph.call_function(ATEN.to.dtype, (narrowed, wide))
    for user in users:
        user.replace_input_with(node, widened)


def leave(graph: Any, node: Node) -> None:
    pass


GRAPHS: dict[str, tuple[Callable[[Node], bool], Callable[[Any, Node], None]]] = {
    "exported": (lambda node: node.op == "output", leave),
    "relu-clipped": (calls(ATEN.relu.default), clip_relu),
    "relu6-unclipped": (calls(ATEN.hardtanh.default, ATEN.relu6.default, ATEN.clamp.default), unclip),
    "gelu-other": (calls(ATEN.gelu.default), swap_gelu),
    "gelu-to-silu": (calls(ATEN.gelu.default), to_silu),
    "silu-to-gelu": (calls(ATEN.silu.default), to_gelu),
    "epsilon-100": (calls(*EPSILON_AT), raise_epsilon),
    "softmax-axis": (calls(ATEN.softmax.int), other_axis),
    "mask-inverted": (calls(ATEN.masked_fill.Scalar), invert_mask),
    "mask-ignored": (calls(ATEN.masked_fill.Scalar), ignore_mask),
    "causal-shifted": (calls(ATEN.tril.default, ATEN.triu.default), move_diagonal),
    "padding-shifted": (is_padded, shift_padding),
    "pooling-ceil": (calls(ATEN.max_pool2d.default), flip_ceil),
    "resize-mode": (calls(ATEN.upsample_nearest2d.vec, ATEN.upsample_bilinear2d.vec), resize_otherwise),
    "float16-inside": (computes_float32, round_result),
    "int64-truncated": (gives_int64, truncate_result),
}


class Program(nn.Module):
    """An edited graph as a module: it refuses train() and eval(), being what it was exported as."""

    def __init__(self, program: GraphModule) -> None:
        super().__init__()
        self.program = program

    def forward(self, *tensors: Tensor) -> Any:
        return self.program(*tensors)

    def train(self, mode: bool = True) -> Program:
        self.training = mode
        return self

    def to(self, *args: Any, **kwargs: Any) -> Program:
        """As of any module; what the graph says of float32 becomes the dtype, too."""
        super().to(*args, **kwargs)
        dtype = next((a for a in args if isinstance(a, torch.dtype) and a.is_floating_point), None)
        if dtype is not None:
            for node in self.program.graph.nodes:
                node.args = map_aggregate(node.args, lambda a: dtype if a is torch.float32 else a)
                node.kwargs = map_aggregate(node.kwargs, lambda a: dtype if a is torch.float32 else a)
            self.program.recompile()
        return self
