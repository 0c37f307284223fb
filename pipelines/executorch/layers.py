"""Makes products with constant matrices linear layers, which is what XNNPACK's quantiser looks for.

Keras's Dense is a product and a sum, between casts to the dtype that a tensor has already.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.fx import Graph, GraphModule, Node

aten = torch.ops.aten
PRODUCTS = (aten.matmul.default, aten.mm.default)
CASTS = (aten.to.dtype, aten.to.dtype_layout, aten._assert_tensor_metadata.default)


def name_layers(captured: GraphModule) -> None:
    """Change a captured graph in place. Its answers stay as they are."""
    graph = captured.graph
    for node in [node for node in graph.nodes if node.target in CASTS]:
        drop_if_idle(graph, node)
    for node in [node for node in graph.nodes if node.target in PRODUCTS and is_constant(node.args[1], 2)]:
        name_layer(captured, node)
    graph.eliminate_dead_code()
    graph.lint()
    captured.recompile()


def drop_if_idle(graph: Graph, node: Node) -> None:
    source: Any = node.args[0]
    if node.target is CASTS[-1]:
        graph.erase_node(node)
    elif kind(node) == kind(source):
        node.replace_all_uses_with(source)
        graph.erase_node(node)


def kind(node: Node) -> tuple[Any, ...]:
    value = node.meta["val"]
    return value.dtype, value.device, value.layout


def name_layer(captured: GraphModule, product: Node) -> None:
    """Put a linear layer in place of a product, and of the sum with a constant that has a value for each column."""
    x, matrix = product.args
    last, bias = product, None
    if len(product.users) == 1:
        (user,) = product.users
        others = [other for other in user.args if other is not product]
        if user.target is aten.add.Tensor and not user.kwargs and len(others) == 1 and is_constant(others[0], 1):
            last, bias = user, others[0]
    if bias is not None and bias.meta["val"].shape != matrix.meta["val"].shape[1:]:
        last, bias = product, None
    with captured.graph.inserting_before(last):
        weight = transposed(captured, matrix)
        layer = captured.graph.call_function(aten.linear.default, (x, weight, *([] if bias is None else [bias])))
    layer.meta = dict(last.meta)
    last.replace_all_uses_with(layer)
    captured.graph.erase_node(last)


def transposed(captured: GraphModule, matrix: Node) -> Node:
    """A matrix's columns as rows, kept once for all layers that share it."""
    name = f"{str(matrix.target).replace('.', '_')}_transposed"
    if not hasattr(captured, name):
        rows = attribute(captured, str(matrix.target)).detach().t().contiguous()
        captured.register_parameter(name, nn.Parameter(rows, requires_grad=False))
    node = captured.graph.get_attr(name)
    node.meta["val"] = matrix.meta["val"].t()
    return node


def is_constant(node: Any, axes: int) -> bool:
    return isinstance(node, Node) and node.op == "get_attr" and len(node.meta["val"].shape) == axes


def attribute(module: nn.Module, path: str) -> Tensor:
    found: Any = module
    for part in path.split("."):
        found = getattr(found, part)
    tensor: Tensor = found
    return tensor
