"""SavedModel in float32 → SavedModel whose weights are float16 or int8, and become float32 where they are used.

TensorFlow has no tool that halves weights, and its experimental quantiser makes int8 of weights alone only for XLA.
Operators compute in float32.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.core.framework.graph_pb2 import GraphDef
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

ENTRY = "saved_model"
VERSIONS = ("tensorflow", "numpy")
SIGNATURE = "serving_default"
CONTROL_FLOW = ("While", "StatelessWhile", "If", "StatelessIf", "Case", "StatelessCase")


def export(source: Path, spec: Any, out: Path, options: dict[str, Any]) -> dict[str, Any]:
    """Write the folder `saved_model` with one signature, `serving_default`, which is the source's.

    Its weights are constants in fewer bytes: each variable would add 3 kB of functions that save and restore it.
    Raises ValueError where they do not fit into 2 GiB, the most that such a file can hold.
    """
    loaded = tf.saved_model.load(str(source))  # kept to the end: the signature's variables die with it
    signature = loaded.signatures[SIGNATURE]
    frozen = convert_variables_to_constants_v2(signature, lower_control_flow=False)
    graph = frozen.graph.as_graph_def()
    store = STORES[spec.variant]
    held = {name: weight for name, values in weights_of(graph) if (weight := store(values)) is not None}
    module = tf.Module()
    module.serve = serving_function(signature, frozen, graph, held)
    tf.saved_model.save(module, str(out / ENTRY), signatures={SIGNATURE: module.serve})
    return dict(spec.source_signature)


def weights_of(graph: GraphDef) -> list[tuple[str, np.ndarray]]:
    """Name and values of each constant of float32 that has two or more axes and is finite.

    Biases, norms and scalars stay as they are: they are less than 1 % of the bytes, and hold what has no place in
    float16, such as an epsilon of 1e-12.
    """
    floats = (n for n in graph.node if n.op == "Const" and n.attr["dtype"].type == tf.float32.as_datatype_enum)
    found = ((node.name, tf.make_ndarray(node.attr["value"].tensor)) for node in floats)
    return [(name, a) for name, a in found if a.ndim >= 2 and a.size and np.isfinite(a).all()]


@dataclass(frozen=True)
class Weight:
    """A weight as it is stored. `scale`: what one of its levels is worth, along one axis; None where it is float16."""

    numbers: np.ndarray
    scale: np.ndarray | None = None

    def used(self) -> tf.Tensor:
        wide = tf.cast(self.numbers, tf.float32)
        return wide if self.scale is None else wide * self.scale


def as_float16(values: np.ndarray) -> Weight | None:
    """None where a value has no place in float16."""
    if np.abs(values).max() > np.finfo(np.float16).max:
        return None
    return Weight(values.astype(np.float16))


def as_int8(values: np.ndarray) -> Weight:
    """Levels of -127 to 127, with a scale for each slice along the axis that loses the least by it."""
    tried = [levels(values, axis) for axis in range(values.ndim)]
    numbers, scale = min(tried, key=lambda made: float(np.square(made[0] * made[1] - values).sum()))
    return Weight(numbers.astype(np.int8), scale)


def levels(values: np.ndarray, axis: int) -> tuple[np.ndarray, np.ndarray]:
    """The nearest level of each value, as float32, and the scales, in a shape that goes with it."""
    others = tuple(place for place in range(values.ndim) if place != axis)
    scale = np.abs(values).max(axis=others, keepdims=True) / np.float32(127)
    scale[scale == 0] = 1
    return np.round(values / scale), scale


STORES = {"fp16": as_float16, "int8-weights": as_int8}


def serving_function(signature: Any, frozen: Any, graph: GraphDef, weights: dict[str, Weight]) -> Any:
    """A tf.function of the source's signature over its graph, whose weights are made of what is held."""
    _, named = signature.structured_input_signature
    names = sorted(signature.structured_outputs)  # the order in which tf.nest flattens a dictionary
    kept = GraphDef(versions=graph.versions, library=graph.library)
    kept.node.extend(node for node in graph.node if node.name not in weights and node.op != "Placeholder")
    for node in kept.node:
        if node.op in CONTROL_FLOW:  # what freezes a function inlines only loops and branches that are marked so
            node.attr["_lower_using_switch_merge"].b = True

    @tf.function(input_signature=list(named.values()))
    def serve(*tensors: tf.Tensor) -> dict[str, tf.Tensor]:
        given = {spec.name: tensor for spec, tensor in zip(named.values(), tensors, strict=True)}
        given |= {name: weight.used() for name, weight in weights.items()}
        outputs = tf.graph_util.import_graph_def(
            kept, input_map=given, return_elements=[tensor.name for tensor in frozen.outputs], name=""
        )
        return dict(zip(names, outputs, strict=True))

    return serve
