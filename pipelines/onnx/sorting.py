"""The order of an ONNX graph's nodes: each stands behind those that give what it takes, as ONNX demands."""

from __future__ import annotations

from collections import deque

import onnx
from onnx import AttributeProto


def sort(graph: onnx.GraphProto) -> bool:
    """Sort the nodes of a graph, but not those of graphs inside of them; return whether any of them moved.

    Of nodes that may change places, the first stays first. Raise ValueError for a circle.
    """
    nodes = list(graph.node)
    makers = {name: place for place, node in enumerate(nodes) for name in node.output if name}
    needed = [{makers[name] for name in taken(node) if name in makers} for node in nodes]
    if all(place > max(needs, default=-1) for place, needs in enumerate(needed)):
        return False
    del graph.node[:]
    graph.node.extend(nodes[place] for place in in_order(needed))
    return True


def in_order(needed: list[set[int]]) -> list[int]:
    """Places in an order in which each comes behind those that it needs."""
    left, takers = [len(needs) for needs in needed], [[] for _ in needed]
    for place, needs in enumerate(needed):
        for need in needs:
            takers[need].append(place)
    ready = deque(place for place, count in enumerate(left) if count == 0)
    order: list[int] = []
    while ready:
        order.append(place := ready.popleft())
        for taker in takers[place]:
            left[taker] -= 1
            if left[taker] == 0:
                ready.append(taker)
    if len(order) < len(needed):
        raise ValueError("the nodes of the graph stand in a circle")
    return order


def taken(node: onnx.NodeProto) -> set[str]:
    """The names of what a node takes, and of what the graphs inside of it take from around them."""
    names = set(node.input)
    for attribute in node.attribute:
        for inner in [attribute.g] if attribute.type == AttributeProto.GRAPH else attribute.graphs:
            made = {name for part in inner.node for name in part.output} | {value.name for value in inner.input}
            names |= {name for part in inner.node for name in taken(part)} - made
            names |= {value.name for value in inner.output} - made
    return names - {""}
