"""Rewrites of a model.json: what TensorFlow.js computes wrongly of what the converter's optimiser writes.

Each changes the list of nodes in place and tells whether it found what it is for; its finding says what happens
without it.
"""

from __future__ import annotations

from typing import Any

Node = dict[str, Any]
LISTS = ("AddN", "Concat", "ConcatV2", "Einsum", "IdentityN", "Pack")  # take as many tensors as they are given


def rewrite(nodes: list[Node]) -> list[str]:
    """Make all rewrites, and return the findings that this repairs."""
    rewrites = {"tfjs-control-inputs": hand_on_dependences, "tfjs-scatter-in-place": copy_before_scatters}
    return [name for name, make in rewrites.items() if make(nodes)]


def hand_on_dependences(nodes: list[Node]) -> bool:
    """Give "^name", on which a node depends without taking its value, to an Identity before the node.

    TensorFlow.js takes it for one more tensor of a list (docs/findings/tfjs-control-inputs/finding.md).
    """
    found = [node for node in nodes if node["op"] in LISTS and any(name[0] == "^" for name in node.get("input", ()))]
    for node in found:
        tensors = [name for name in node["input"] if name[0] != "^"]
        dependences = [name for name in node["input"] if name[0] == "^"]
        nodes.append(following(node, "Identity", [tensors[0], *dependences]))
        node["input"] = [nodes[-1]["name"], *tensors[1:]]
    return bool(found)


def copy_before_scatters(nodes: list[Node]) -> bool:
    """Let TensorScatterUpdate have a tensor of its own: TensorFlow.js writes into the one it is given, and so into
    weights (docs/findings/tfjs-scatter-in-place/finding.md). A tensor's maximum with itself is a copy.
    """
    found = [node for node in nodes if node["op"] == "TensorScatterUpdate"]
    for node in found:
        tensor = node["input"][0]
        is_bool = node["attr"]["T"]["type"] == "DT_BOOL"
        nodes.append(following(node, "LogicalOr" if is_bool else "Maximum", [tensor, tensor]))
        node["input"][0] = nodes[-1]["name"]
    return bool(found)


def following(node: Node, kind: str, inputs: list[str]) -> Node:
    """A new node of the type of `node`'s tensors, before it and called after it."""
    attributes = {} if kind == "LogicalOr" else {"T": node["attr"]["T"]}
    return {"name": f"{node['name']}/{kind}", "op": kind, "input": inputs, "attr": attributes}
