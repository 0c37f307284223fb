"""The numbers of a quantised ONNX graph: where its levels, scales and zero points are.

Both forms that ONNX Runtime's quantisers write are known: weights behind DequantizeLinear, activations between
QuantizeLinear and DequantizeLinear; and MatMulInteger or ConvInteger, whose result is cast, and scaled by a product.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import onnx
from onnx import NodeProto, numpy_helper

FEW = (np.dtype("int8"), np.dtype("uint8"))
INTEGER = ("MatMulInteger", "ConvInteger")


class Site(NamedTuple):
    """A node, and which of its inputs are the few-bit values, their scale and their zero point.

    axis: of the values' channels. scaling: the node that takes the scale, where it is another one.
    """

    node: NodeProto
    values: int
    zero: int
    axis: int = 0
    scaling: NodeProto | None = None

    @property
    def scale(self) -> tuple[NodeProto, int]:
        return self.scaling or self.node, 1


class Graph:
    """A graph, and what it holds by name."""

    def __init__(self, model: onnx.ModelProto) -> None:
        self.model = model
        self.held = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
        self.makers = {name: node for node in model.graph.node for name in node.output}

    def array(self, node: NodeProto, at: int) -> np.ndarray:
        return self.held[node.input[at]]

    def is_held(self, node: NodeProto, at: int) -> bool:
        return len(node.input) > at and node.input[at] in self.held

    def users(self, name: str) -> Iterator[NodeProto]:
        return (node for node in self.model.graph.node if name in node.input)

    def put(self, node: NodeProto, at: int, array: np.ndarray) -> None:
        """Give one input of one node another value; others that share what it was keep it."""
        was = self.held[node.input[at]]
        name = f"{node.input[at]}.mutant.{len(self.held)}"
        self.held[name] = np.asarray(array, was.dtype)
        self.model.graph.initializer.append(numpy_helper.from_array(self.held[name], name))
        node.input[at] = name


def dequantised(graph: Graph, *dtypes: np.dtype) -> Iterator[Site]:
    """Weights or biases behind DequantizeLinear; the axis of a weight with one scale is that of its user's channels."""
    for node in graph.model.graph.node:
        if node.op_type == "DequantizeLinear" and graph.is_held(node, 0) and graph.array(node, 0).dtype in dtypes:
            declared = {a.name: a.i for a in node.attribute}.get("axis", 1)
            one_scale = graph.array(node, 1).size == 1
            axis = channels(graph, node) if one_scale else declared % graph.array(node, 0).ndim
            yield Site(node, 0, 2, axis)


def channels(graph: Graph, node: NodeProto) -> int:
    """The axis along which a weight's user gives its channels."""
    user = next(graph.users(node.output[0]), None)
    attributes = {a.name: a.i for a in user.attribute} if user else {}
    first = user is None or user.op_type == "Conv" or (user.op_type == "Gemm" and attributes.get("transB"))
    return 0 if first else graph.array(node, 0).ndim - 1


def multiplied(graph: Graph) -> Iterator[Site]:
    """Weights of MatMulInteger and ConvInteger whose scale is held: result → Cast → Mul ← Mul ← scale."""
    for node in graph.model.graph.node:
        if node.op_type in INTEGER and graph.is_held(node, 1):
            casts = (user for user in graph.users(node.output[0]) if user.op_type == "Cast")
            scaled = next((mul for cast in casts for mul in graph.users(cast.output[0]) if mul.op_type == "Mul"), None)
            product = graph.makers.get(scaled.input[1]) if scaled is not None else None
            if product is not None and product.op_type == "Mul" and graph.is_held(product, 1):
                axis = 0 if node.op_type == "ConvInteger" else graph.array(node, 1).ndim - 1
                yield Site(node, 1, 3, axis, product)


def weights(graph: Graph) -> Iterator[Site]:
    yield from dequantised(graph, *FEW)
    yield from multiplied(graph)


def with_channel_scales(graph: Graph) -> Iterator[Site]:
    return (site for site in weights(graph) if np.ptp(graph.array(*site.scale)) > 0)


def biases(graph: Graph) -> Iterator[Site]:
    return (site for site in dequantised(graph, np.dtype("int32")) if graph.array(site.node, 0).any())


def activations(graph: Graph) -> Iterator[Site]:
    """Pairs of QuantizeLinear and DequantizeLinear, known by the latter."""
    for node in graph.model.graph.node:
        before = graph.makers.get(node.input[0]) if node.op_type == "DequantizeLinear" else None
        if before is not None and before.op_type == "QuantizeLinear" and graph.is_held(node, 1):
            yield Site(node, 0, 2)


def with_zero_points(graph: Graph) -> Iterator[Site]:
    sites = [*activations(graph), *weights(graph)]
    return (site for site in sites if graph.is_held(site.node, site.zero))


def real(graph: Graph, site: Site) -> np.ndarray:
    """What a site's levels stand for, in float64."""
    values = graph.array(site.node, site.values)
    shape = [-1 if axis == site.axis else 1 for axis in range(values.ndim)]
    scale = graph.array(*site.scale).astype(float).reshape(shape)
    zero = graph.array(site.node, site.zero).reshape(shape) if graph.is_held(site.node, site.zero) else 0
    found: np.ndarray = (values.astype(float) - zero) * scale
    return found


def told(graph: Graph) -> Iterator[tuple[str, np.ndarray, int | None, np.ndarray | None]]:
    """Weights and biases: name, what its levels stand for, axis of its channels or None, steps of a bias."""
    for site in weights(graph):
        one_scale = graph.array(*site.scale).size == 1
        yield site.node.input[site.values], real(graph, site), None if one_scale else site.axis, None
    for site in biases(graph):
        yield site.node.input[site.values], real(graph, site), None, graph.array(*site.scale).astype(float)
