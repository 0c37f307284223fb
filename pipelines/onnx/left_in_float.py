"""Which layers a quantiser left in float32 that it was to quantise: answers do not show it, size and time do."""

from __future__ import annotations

from onnx import GraphProto, NodeProto, TensorProto, numpy_helper

INTEGER = ("MatMulInteger", "ConvInteger")  # the weight is the second input, as of the operators in float32


def weights(graph: GraphProto, operators: tuple[str, ...], *, grouped: bool) -> tuple[dict[str, int], dict[str, int]]:
    """How many weights each layer of these operators has, by its name; and the same for those in float32.

    grouped: whether convolutions of groups count. Layers inside of branches and loops are not seen at all: ONNX
    Runtime's quantisers leave them.
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
