"""What jax2onnx writes and ONNX Runtime does not run, written otherwise.

Pooling of JAX goes over all axes of an array, those of batch and channel with windows of 1. jax2onnx writes them all as
spatial ones, four of an image, and runtimes pool over three at most: docs/findings/jax2onnx-pooling-axes/finding.md
"""

from __future__ import annotations

import onnx
from onnx import helper

MOST = 3  # spatial axes that a runtime pools over


def rewritten(model: onnx.ModelProto) -> bool:
    """Let each MaxPool go over fewer axes, in place. Tell whether there was one over too many."""
    wide = [node for node in model.graph.node if node.op_type == "MaxPool" and len(windows(node)) > MOST]
    for node in wide:
        narrow(model.graph, node)
    return bool(wide)


def narrow(graph: onnx.GraphProto, node: onnx.NodeProto) -> None:
    """Move up to two axes with windows of 1 to the places of batch and channel, where jax2onnx put sizes of 1."""
    count = len(windows(node))
    given = {attribute.name: list(attribute.ints) for attribute in node.attribute if attribute.ints}
    pads = given.get("pads", [0] * 2 * count)
    per_axis = list(zip(windows(node), given["strides"], pads[:count], pads[count:], strict=True))
    aside = [axis for axis, values in enumerate(per_axis) if values == (1, 1, 0, 0)][:2]
    pooled = [axis for axis in range(count) if axis not in aside]
    dropped, kept = list(range(len(aside))), 2 - len(aside)
    order = [*range(kept), *(kept + axis for axis in (*aside, *pooled))]
    back = [order.index(axis) for axis in range(len(order))]

    name, [before], [after] = node.output[0], node.input, node.output
    axes = helper.make_tensor(f"{name}/axes", onnx.TensorProto.INT64, [len(dropped)], dropped)
    graph.initializer.append(axes)
    new = [
        helper.make_node("Squeeze", [before, axes.name], [f"{name}/squeezed"]),
        helper.make_node("Transpose", [f"{name}/squeezed"], [f"{name}/moved"], perm=order),
        helper.make_node(
            "MaxPool",
            [f"{name}/moved"],
            [f"{name}/pooled"],
            kernel_shape=[windows(node)[axis] for axis in pooled],
            strides=[given["strides"][axis] for axis in pooled],
            pads=[pads[side + axis] for side in (0, count) for axis in pooled],
            dilations=[given.get("dilations", [1] * count)[axis] for axis in pooled],
        ),
        helper.make_node("Transpose", [f"{name}/pooled"], [f"{name}/back"], perm=back),
        helper.make_node("Unsqueeze", [f"{name}/back", axes.name], [after]),
    ]
    place = list(graph.node).index(node)
    graph.node.remove(node)
    for offset, each in enumerate(new):
        graph.node.insert(place + offset, each)


def windows(node: onnx.NodeProto) -> list[int]:
    return next(list(attribute.ints) for attribute in node.attribute if attribute.name == "kernel_shape")
