"""Rewrites of a model.json: what TensorFlow.js computes wrongly of what the converter's optimiser writes.

Each changes the list of nodes in place and tells whether it found what it is for; its finding says what happens
without it.
"""

from __future__ import annotations

from base64 import b64decode
from typing import Any

Node = dict[str, Any]
PRODUCTS = {
    "_FusedConv2D": "Conv2D",
    "_FusedMatMul": "MatMul",
    "FusedDepthwiseConv2dNative": "DepthwiseConv2dNative",
}
ACTIVATIONS = ("Relu", "Relu6", "Elu")  # take nothing but the sum
LISTS = ("AddN", "Concat", "ConcatV2", "Einsum", "IdentityN", "Pack")  # take as many tensors as they are given


def rewrite(nodes: list[Node]) -> list[str]:
    """Make all rewrites, and return the findings that this repairs."""
    rewrites = {
        "tfjs-control-inputs": hand_on_dependences,
        "tfjs-scatter-in-place": copy_before_scatters,
        "tfjs-fused-bias": add_biases_alone,
    }
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


def add_biases_alone(nodes: list[Node]) -> bool:
    """Take apart a product that is fused with a bias which is no vector of weights: on WebAssembly and WebGPU,
    TensorFlow.js refuses it or reads beyond it (docs/findings/tfjs-fused-bias/finding.md).
    """
    by_name = {node["name"]: node for node in nodes}
    found = [node for node in nodes if node["op"] in PRODUCTS and has_other_bias(node, by_name)]
    for node in found:
        left, right, bias = node["input"]
        _, *activation = fused(node)
        product = following(node, PRODUCTS[node["op"]], [left, right])
        product["attr"] = {name: value for name, value in node["attr"].items() if name not in ("fused_ops", "num_args")}
        nodes.append(product)
        kind, inputs = "AddV2", [product["name"], bias]
        if activation:
            nodes.append(following(node, kind, inputs))
            kind, inputs = activation[0], [nodes[-1]["name"]]
        node.update(op=kind, input=inputs, attr={"T": node["attr"]["T"]})
    return bool(found)


def has_other_bias(node: Node, by_name: dict[str, Node]) -> bool:
    first, *activation = fused(node)
    if first != "BiasAdd" or len(node["input"]) != 3 or not set(activation) <= set(ACTIVATIONS):
        return False
    bias = by_name[node["input"][2].partition(":")[0]]
    shape = bias.get("attr", {}).get("value", {}).get("tensor", {}).get("tensorShape", {})
    return bias["op"] != "Const" or len(shape.get("dim", ())) != 1


def fused(node: Node) -> list[str]:
    """The operators that follow the product, such as BiasAdd and Relu6."""
    return [b64decode(word).decode() for word in node["attr"]["fused_ops"]["list"]["s"]]


def following(node: Node, kind: str, inputs: list[str]) -> Node:
    """A new node of the type of `node`'s tensors, before it and called after it."""
    attributes = {} if kind == "LogicalOr" else {"T": node["attr"]["T"]}
    return {"name": f"{node['name']}/{kind}", "op": kind, "input": inputs, "attr": attributes}
