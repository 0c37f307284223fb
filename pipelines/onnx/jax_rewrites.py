"""What jax2onnx writes and runtimes do not run, written otherwise.

Pooling of JAX goes over all axes of an array, those of batch and channel with windows of 1. jax2onnx puts two axes of
size 1 in front and pools over all others, four of an image: by MaxPool, or by a Conv whose weights are ones. Runtimes
go over three at most: docs/findings/jax2onnx-pooling-axes/finding.md
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

MOST = 3  # axes that runtimes pool over
FRONT = 2  # axes before those: batch and channel


def rewritten(model: onnx.ModelProto) -> bool:
    """Let each pooling go over fewer axes, in place. Tell whether there was one over too many."""
    weights = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    wide = [node for node in model.graph.node if len(windows(node, weights)) > MOST]
    for node in wide:
        replace(model.graph, node, list(narrow(model.graph, node, windows(node, weights))))
    return bool(wide)


def windows(node: onnx.NodeProto, weights: dict[str, np.ndarray]) -> list[int]:
    """The window of a pooling; none of anything else."""
    if node.op_type == "MaxPool":
        return ints(node, "kernel_shape")
    ones = weights.get(node.input[1]) if node.op_type == "Conv" and len(node.input) == FRONT else None
    is_sum = ones is not None and ones.shape[:FRONT] == (1, 1) and (ones == 1).all()
    return list(ones.shape[FRONT:]) if ones is not None and is_sum else []


def narrow(graph: onnx.GraphProto, node: onnx.NodeProto, window: list[int]) -> Iterator[onnx.NodeProto]:
    """Yield what stands for a pooling: axes with windows of 1 are moved to the front, in place of those of size 1."""
    count, [name] = len(window), node.output
    strides, pads = ints(node, "strides") or [1] * count, ints(node, "pads") or [0] * 2 * count
    per_axis = list(zip(window, strides, pads[:count], pads[count:], strict=True))
    moved = [axis for axis, values in enumerate(per_axis) if values == (1, 1, 0, 0)][:FRONT]
    left = [axis for axis in range(count) if axis not in moved]
    ones = FRONT - len(moved)
    order = [*(ones + axis for axis in moved), *range(ones), *(ones + axis for axis in left)]
    options: dict[str, Any] = {"kernel_shape": [window[axis] for axis in left]}
    options["strides"] = [strides[axis] for axis in left]
    options["pads"] = [pads[axis] for axis in left] + [pads[count + axis] for axis in left]
    if set(ints(node, "dilations")) - {1}:
        options["dilations"] = [ints(node, "dilations")[axis] for axis in left]

    graph.initializer.append(numpy_helper.from_array(np.arange(len(moved)), f"{name}/axes"))
    yield helper.make_node("Squeeze", [node.input[0], f"{name}/axes"], [f"{name}/squeezed"])
    yield helper.make_node("Transpose", [f"{name}/squeezed"], [f"{name}/moved"], perm=order)
    if node.op_type == "MaxPool":
        yield helper.make_node("MaxPool", [f"{name}/moved"], [f"{name}/narrow"], **options)
    else:  # a sum is a mean, times as many
        many = np.array(np.prod(window), np.float32)
        graph.initializer.append(numpy_helper.from_array(many, f"{name}/many"))
        yield helper.make_node("AveragePool", [f"{name}/moved"], [f"{name}/mean"], count_include_pad=1, **options)
        yield helper.make_node("Mul", [f"{name}/mean", f"{name}/many"], [f"{name}/narrow"])
    yield helper.make_node("Transpose", [f"{name}/narrow"], [f"{name}/back"], perm=np.argsort(order).tolist())
    yield helper.make_node("Unsqueeze", [f"{name}/back", f"{name}/axes"], [name])


def replace(graph: onnx.GraphProto, node: onnx.NodeProto, others: list[onnx.NodeProto]) -> None:
    place = list(graph.node).index(node)
    graph.node.remove(node)
    for offset, other in enumerate(others):
        graph.node.insert(place + offset, other)


def ints(node: onnx.NodeProto, name: str) -> list[int]:
    """Those of an attribute; none where the node lacks it."""
    return next((list(attribute.ints) for attribute in node.attribute if attribute.name == name), [])
