"""Whether a quantiser left a layer in float32 that it was to quantise: answers do not show it, size and time do."""

from __future__ import annotations

import onnx
from onnx import GraphProto, NodeProto, TensorProto, numpy_helper

WEIGHTED = ("MatMul", "Gemm", "Conv")  # the weight is the second input
INTEGER = {"MatMulInteger": 1, "ConvInteger": 1}
LEAST = 0.01  # of all weights: what a layer holds that counts


class LeftInFloat32(Exception):
    """A layer that was to be quantised is not."""


def refuse(model: onnx.ModelProto, operators: tuple[str, ...] = WEIGHTED, *, variant: str) -> None:
    """Raise LeftInFloat32 where a layer of these operators holds its weight in float32. Small ones do not count.

    Grouped convolutions stay in int8-dynamic: quantising.py says why. Layers inside of branches and loops are not seen
    at all: ONNX Runtime's quantisers leave them.
    """
    every, left = weights(model.graph, operators, grouped=variant != "int8-dynamic")
    total = sum(every.values())
    large = {name: size for name, size in left.items() if size >= LEAST * total}
    if large:
        named = ", ".join(f"{name} ({size:,} weights)" for name, size in large.items())
        raise LeftInFloat32(f"the quantiser left {len(large)} of {len(every)} layers in float32: {named}")


def weights(graph: GraphProto, operators: tuple[str, ...], *, grouped: bool) -> tuple[dict[str, int], dict[str, int]]:
    """How many weights each layer has, by its name; and the same for those in float32.

    grouped: whether convolutions of groups count.
    """
    held = {tensor.name: tensor for tensor in graph.initializer}
    makers = {name: node for node in graph.node for name in node.output}
    every, left = {}, {}
    for node in graph.node:
        if node.op_type not in (*operators, *INTEGER) or len(node.input) < 2:
            continue
        if not grouped and any(attribute.name == "group" and attribute.i > 1 for attribute in node.attribute):
            continue
        tensor = held.get(source(node.input[1], makers))
        if tensor is not None and len(tensor.dims) > 1:
            name = node.name or node.output[0]
            every[name] = numpy_helper.to_array(tensor).size
            if tensor.data_type == TensorProto.FLOAT:
                left[name] = every[name]
    return every, left


def source(name: str, makers: dict[str, NodeProto]) -> str:
    """What a weight is read from, before DequantizeLinear and Transpose."""
    while name in makers and makers[name].op_type in ("DequantizeLinear", "Transpose"):
        name = makers[name].input[0]
    return name
