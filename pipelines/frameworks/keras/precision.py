"""Whether a Keras model can compute in float64 throughout, and what stands for float64 where it cannot.

docs/decisions/casts-are-lifted.md says why. What a layer names in its configuration is lifted by framework.recast();
what its code casts, and kernels of TensorFlow that answer in float32 whatever they are given, are not.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf

NARROW = (tf.float32, tf.float16, tf.bfloat16)


def rounding_operations(network: keras.Model) -> list[str]:
    """TensorFlow's operations that turn float64 into something narrower in this network of float64, each once."""
    specs = [tf.TensorSpec(given.shape, given.dtype) for given in network.inputs]
    graph = tf.function(lambda *given: network(list(given), training=False)).get_concrete_function(*specs).graph
    found = [op.type for op in graph.get_operations() if narrows(op)]
    bodies = graph.as_graph_def().library.function  # of loops and branches: there a dtype is an attribute
    found += [node.op for body in bodies for node in body.node_def if casts_down(node)]
    return sorted(set(found))


def narrows(operation: tf.Operation) -> bool:
    given = any(tensor.dtype == tf.float64 for tensor in operation.inputs)
    return given and any(tensor.dtype in NARROW for tensor in operation.outputs)


def casts_down(node: Any) -> bool:
    return node.op == "Cast" and node.attr["SrcT"].type == tf.float64 and node.attr["DstT"].type in NARROW


def widened(sample: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Float32's answers as those of float64, which there are none of."""
    return {name: array.astype(np.float64) if array.dtype.kind == "f" else array for name, array in sample.items()}


def round_otherwise(network: keras.Model, seed: int) -> None:
    """Move every float32 weight one step up or down, or leave it: what the rounding of each operation could come to."""
    generator = np.random.default_rng(seed)
    for weight in (weight for weight in network.weights if weight.dtype == "float32"):
        values = np.asarray(weight)
        steps = generator.integers(-1, 2, values.shape).astype("float32")
        weight.assign(np.nextafter(values, values + steps))
