"""SavedModel in float32 → SavedModel whose weights are float16, and are cast where they are used.

TensorFlow has no tool for that. Its operators compute in float32 here: on a CPU its half precision is emulated.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.core.framework.graph_pb2 import GraphDef
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

ENTRY = "saved_model"
VERSIONS = ("tensorflow", "numpy")
SIGNATURE = "serving_default"


def export(source: Path, spec: Any, out: Path, options: dict[str, Any]) -> dict[str, Any]:
    """Write the folder `saved_model` with one signature, `serving_default`, which is the source's.

    Its large tensors are variables in float16. What has fewer than two axes stays as it is: that is less than 1 % of
    the bytes, and holds what has no place in float16, such as an epsilon of 1e-12.
    """
    loaded = tf.saved_model.load(str(source))  # kept to the end: the signature's variables die with it
    signature = loaded.signatures[SIGNATURE]
    frozen = convert_variables_to_constants_v2(signature, lower_control_flow=False)
    graph = frozen.graph.as_graph_def()
    halves = {node.name: half for node in graph.node if (half := half_of(node)) is not None}
    module = tf.Module()
    module.weights = [tf.Variable(half, trainable=False) for half in halves.values()]
    module.serve = serving_function(signature, frozen, graph, dict(zip(halves, module.weights, strict=True)))
    tf.saved_model.save(module, str(out / ENTRY), signatures={SIGNATURE: module.serve})
    return dict(spec.source_signature)


def half_of(node: Any) -> np.ndarray | None:
    """A constant's values in float16, if it is a weight and all of them have a place there."""
    if node.op != "Const" or node.attr["dtype"].type != tf.float32.as_datatype_enum:
        return None
    values = tf.make_ndarray(node.attr["value"].tensor)
    fits = values.ndim >= 2 and values.size and np.abs(values).max() <= np.finfo(np.float16).max  # nan is not
    return values.astype(np.float16) if fits else None


def serving_function(signature: Any, frozen: Any, graph: GraphDef, weights: dict[str, tf.Variable]) -> Any:
    """A tf.function of the source's signature over a graph whose weights are variables instead of constants."""
    _, named = signature.structured_input_signature
    names = sorted(signature.structured_outputs)  # the order in which tf.nest flattens a dictionary
    kept = GraphDef(versions=graph.versions, library=graph.library)
    kept.node.extend(node for node in graph.node if node.name not in weights and node.op != "Placeholder")

    @tf.function(input_signature=list(named.values()))
    def serve(*tensors: tf.Tensor) -> dict[str, tf.Tensor]:
        given = {spec.name: tensor for spec, tensor in zip(named.values(), tensors, strict=True)}
        given |= {name: tf.cast(weight, tf.float32) for name, weight in weights.items()}
        outputs = tf.graph_util.import_graph_def(
            kept, input_map=given, return_elements=[tensor.name for tensor in frozen.outputs], name=""
        )
        return dict(zip(names, outputs, strict=True))

    return serve
