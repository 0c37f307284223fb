"""Which tables of an .onnx file its inputs index: read from the file, because ONNX Runtime shows no graph.

The file is a protocol buffer. Of onnx.proto this file knows only the numbers of the fields that it reads, so that the
container holds nothing but the runtime: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# For each operator that looks up: the places of ids and table among its operands.
LOOKUPS = {"Gather": [(1, 0)], "GatherElements": [(1, 0)], "EmbedLayerNormalization": [(0, 2), (1, 4)]}
# The operands whose values an operator hands on, as long as they are row numbers.
HANDED_ON = {
    **dict.fromkeys(("Cast", "Clip", "Expand", "Flatten", "Identity", "Reshape", "Slice"), slice(1)),
    **dict.fromkeys(("Squeeze", "Tile", "Transpose", "Unsqueeze"), slice(1)),
    **dict.fromkeys(("Concat", "Max", "Min"), slice(None)),
    "Where": slice(1, None),
}
SAME_ROWS = ("Cast", "Identity", "DequantizeLinear")  # a table behind them has the same rows


@dataclass(frozen=True)
class Node:
    """`constant`: the shape of what a Constant holds, None for any other node."""

    kind: str
    operands: list[str]
    outputs: list[str]
    axis: int
    constant: list[int] | None


@dataclass(frozen=True)
class Graph:
    """`makers`: the node of each tensor that one makes. `shapes`: the constants'."""

    nodes: list[Node] = field(default_factory=list)
    makers: dict[str, Node] = field(default_factory=dict)
    shapes: dict[str, list[int]] = field(default_factory=dict)


def lookups(session: Any, payload: Path) -> list[dict[str, Any]]:
    """Return input, table and rows of each lookup that an input reaches. Branches and loops are not followed."""
    graph = read_graph(payload)
    inputs = {tensor.name for tensor in session.get_inputs()}
    found = []
    for node in graph.nodes:
        for ids, place in LOOKUPS.get(node.kind, ()):
            table = table_of(graph, node.operands[place])
            if table is not None:
                reached = sources(graph, node.operands[ids], set()) & inputs
                rows = graph.shapes[table][node.axis]
                found += [{"input": name, "table": table, "rows": rows} for name in sorted(reached)]
    return found


def sources(graph: Graph, tensor: str, seen: set[str]) -> set[str]:
    """Return the tensors that no node makes and whose values `tensor` holds."""
    if tensor in seen:
        return set()
    seen.add(tensor)
    node = graph.makers.get(tensor)
    if node is None:
        return {tensor}
    handed = node.operands[HANDED_ON.get(node.kind, slice(0))]
    return set().union(*(sources(graph, operand, seen) for operand in handed))


def table_of(graph: Graph, tensor: str) -> str | None:
    """Return the name of the constant that `tensor` is; None where it is computed, or a single number."""
    while tensor not in graph.shapes:
        node = graph.makers.get(tensor)
        if node is None or node.kind not in SAME_ROWS:
            return None
        tensor = node.operands[0]
    return tensor if graph.shapes[tensor] else None


def read_graph(path: Path) -> Graph:
    """Read the nodes and constants of ModelProto.graph; no values."""
    graph = Graph()
    with path.open("rb") as file:
        model = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    for content in (value for number, value in fields(model) if number == 7):
        for number, value in fields(content):
            if number == 1:
                add(graph, read_node(value))
            elif number == 5:
                name, shape = read_tensor(value)
                graph.shapes[name] = shape
    return graph


def add(graph: Graph, node: Node) -> None:
    graph.nodes.append(node)
    graph.makers.update(dict.fromkeys(node.outputs, node))
    if node.constant is not None:
        graph.shapes[node.outputs[0]] = node.constant


def read_node(data: memoryview) -> Node:
    """Read a NodeProto."""
    names: dict[int, list[str]] = {1: [], 2: [], 4: []}  # operands, outputs, kind
    axis, constant = 0, None
    for number, value in fields(data):
        if number in names:
            names[number].append(text(value))
        elif number == 5:
            attribute = dict(fields(value))
            if text(attribute[1]) == "axis":
                axis = signed(attribute.get(3, 0))
            elif text(attribute[1]) == "value" and 5 in attribute:
                constant = read_tensor(attribute[5])[1]
    return Node("".join(names[4]), names[1], names[2], axis, constant if names[4] == ["Constant"] else None)


def read_tensor(data: memoryview) -> tuple[str, list[int]]:
    """Read name and dims of a TensorProto."""
    name, dims = "", []
    for number, value in fields(data):
        if number == 1:
            dims += [value] if isinstance(value, int) else packed(value)
        elif number == 8:
            name = text(value)
    return name, dims


def fields(data: memoryview) -> Iterator[tuple[int, Any]]:
    """Yield number and value of each field: an int, or the bytes of what has a length. Fixed sizes are passed over.

    https://protobuf.dev/programming-guides/encoding
    """
    at = 0
    while at < len(data):
        tag, at = varint(data, at)
        if tag & 7 == 0:
            value, at = varint(data, at)
            yield tag >> 3, value
        elif tag & 7 == 2:
            size, at = varint(data, at)
            yield tag >> 3, data[at : at + size]
            at += size
        else:
            at += {1: 8, 5: 4}[tag & 7]


def varint(data: memoryview, at: int) -> tuple[int, int]:
    """Return the number that begins at `at`, and where it ends."""
    value = shift = 0
    while data[at] & 0x80:
        value |= (data[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
    return value | data[at] << shift, at + 1


def packed(data: memoryview) -> list[int]:
    numbers, at = [], 0
    while at < len(data):
        number, at = varint(data, at)
        numbers.append(number)
    return numbers


def signed(number: int) -> int:
    return number - (1 << 64) if number >> 63 else number


def text(data: memoryview) -> str:
    return bytes(data).decode()
