"""Rewrites of TensorFlow graphs: the same function in operators that TensorFlow.js has, or computes rightly.

Each makes another tensor of an operator's inputs, or None where TensorFlow.js takes the operator as it is; its finding
says what happens without it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import tensorflow as tf

Rewrite = Callable[..., tf.Tensor | None]  # rewrite(operator, *its inputs)


def rewrite(graph: tf.Graph) -> tuple[tf.Graph, list[str]]:
    """Make all rewrites of a frozen graph, and return the graph with the findings that this repairs.

    Bodies of loops are part of a graph whose control flow is lowered, which is the converter's default.
    """
    rewrites: dict[str, tuple[str, Rewrite]] = {
        "Conv2D": ("tfjs-grouped-convolution", ungrouped),
        "Einsum": ("tfjs-einsum-sums", summed_first),
        "ResizeBicubic": ("tfjs-bicubic", resized_by_products),
    }
    candidates = [operator for operator in graph.get_operations() if operator.type in rewrites]
    found = {operator: subgraph(operator, rewrites[operator.type][1]) for operator in candidates}
    found = {operator: made for operator, made in found.items() if made is not None}
    if not found:
        return graph, []
    definition = graph.as_graph_def()
    nodes = {node.name: node for node in definition.node}
    for operator, made in found.items():
        splice(definition, nodes[operator.name], made)
    with tf.Graph().as_default() as rewritten:
        tf.import_graph_def(definition, name="")
    return rewritten, sorted({rewrites[operator.type][0] for operator in found})


def subgraph(operator: tf.Operation, make: Rewrite) -> tf.compat.v1.GraphDef | None:
    """What `make` writes for an operator: its inputs are placeholders 0, 1, …; its output is the last node."""
    with tf.Graph().as_default() as small:
        inputs = [
            tf.compat.v1.placeholder(given.dtype, given.shape, name=f"input{place}")
            for place, given in enumerate(operator.inputs)
        ]
        made = make(operator, *inputs)
        if made is None:
            return None
        tf.identity(made, name="output")
    return small.as_graph_def()


def splice(definition: tf.compat.v1.GraphDef, node: tf.compat.v1.NodeDef, found: tf.compat.v1.GraphDef) -> None:
    """Put a subgraph in the place of a node. Its output takes the node's name, so consumers need not be told."""
    given = [name for name in node.input if not name.startswith("^")]
    outer = {f"input{place}": name for place, name in enumerate(given)}
    *before, output = (inner for inner in found.node if inner.name not in outer)

    def renamed(name: str) -> str:
        return outer.get(name) or f"{node.name}/{name}"

    for inner in before:
        copy = definition.node.add()
        copy.CopyFrom(inner)
        copy.name, copy.device = renamed(inner.name), node.device
        copy.input[:] = [renamed(name) for name in inner.input]
        if inner.op == "Const":  # in the frame of a loop, if the node is in one
            copy.input[:] = [f"^{given[0].split(':')[0]}"]
    dependences = [name for name in node.input if name.startswith("^")]
    node.op = "Identity"
    node.input[:] = [renamed(output.input[0]), *dependences]
    node.attr.clear()
    node.attr["T"].CopyFrom(output.attr["T"])


def ungrouped(operator: tf.Operation, images: tf.Tensor, filters: tf.Tensor) -> tf.Tensor | None:
    """Write a convolution in groups as a depthwise one, or as one for each group.

    TensorFlow.js has neither groups nor an error for them before it runs
    (docs/findings/tfjs-grouped-convolution/finding.md).
    """
    channels, depth = images.shape[-1], filters.shape[2]
    if operator.get_attr("data_format") != b"NHWC" or None in (channels, depth) or channels == depth:
        return None
    names = ("strides", "padding", "explicit_paddings", "data_format", "dilations")
    attributes = {name: operator.get_attr(name) for name in names}
    if depth == 1:
        height, width, _, count = filters.shape
        spread = tf.reshape(filters, (height, width, channels, count // channels))
        return tf.raw_ops.DepthwiseConv2dNative(input=images, filter=spread, **attributes)
    groups = channels // depth
    pairs = zip(tf.split(images, groups, -1), tf.split(filters, groups, -1), strict=True)
    return tf.concat([tf.raw_ops.Conv2D(input=part, filter=kernel, **attributes) for part, kernel in pairs], -1)


def summed_first(operator: tf.Operation, *operands: tf.Tensor) -> tf.Tensor | None:
    """Sum over what only one of two operands has, before their product, where TensorFlow.js computes it wrongly.

    It does so if an operand lacks the first label that is summed over: it leaves the operand out, or takes its axes for
    others (docs/findings/tfjs-einsum-sums/finding.md). Of 2677 random equations it got these wrong, and no other.
    """
    terms, _, answer = operator.get_attr("equation").decode().partition("->")
    labels = terms.split(",")
    summed = [label for label in terms if label not in answer and label != ","]
    if len(labels) != 2 or "." in terms or not summed or all(summed[0] in own for own in labels):
        return None
    kept = ["".join(label for label in own if label in other + answer) for own, other in (labels, labels[::-1])]
    sums = [
        tf.reduce_sum(operand, [place for place, label in enumerate(own) if label not in left])
        for operand, own, left in zip(operands, labels, kept, strict=True)
    ]
    return tf.raw_ops.Einsum(inputs=sums, equation=f"{','.join(kept)}->{answer}")


def resized_by_products(operator: tf.Operation, images: tf.Tensor, size: tf.Tensor) -> tf.Tensor | None:
    """Write a bicubic resize, which TensorFlow.js lacks, as products with a matrix for each axis
    (docs/findings/tfjs-bicubic/finding.md). None where sizes are free: the converter will name the operator.
    """
    _, height, width, _ = images.shape
    _, tall, wide, _ = operator.outputs[0].shape
    if None in (height, width, tall, wide):
        return None
    options = {name: operator.get_attr(name) for name in ("align_corners", "half_pixel_centers")}
    rows, columns = (weights(*sizes, options) for sizes in ((height, tall), (width, wide)))
    taller = tf.einsum("th,bhwc->btwc", rows, tf.cast(images, tf.float32))
    return tf.einsum("vw,btwc->btvc", columns, taller)  # in small letters, which TensorFlow.js makes of all


def weights(size: int, wanted: int, options: dict[str, bool]) -> np.ndarray:
    """The matrix (wanted, size) of an axis: what TensorFlow makes of each pixel alone."""
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        pixels = tf.constant(np.eye(size, dtype=np.float32).reshape(1, size, 1, size))  # one in each channel
        resized = tf.raw_ops.ResizeBicubic(images=pixels, size=[wanted, 1], **options)
        return np.asarray(session.run(resized)).reshape(wanted, size)
