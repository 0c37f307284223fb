"""A TensorFlow graph in exact arithmetic: every float that it declares, holds or casts to is a float64.

So only what the graph itself rounds is rounded: the weights that it holds, and the levels that it takes numbers to. It
runs operator by operator, as it is written: TensorFlow's optimiser is off.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.core.framework.attr_value_pb2 import AttrValue
from tensorflow.core.framework.graph_pb2 import GraphDef
from tensorflow.core.framework.node_def_pb2 import NodeDef
from tensorflow.core.framework.types_pb2 import DT_BFLOAT16, DT_DOUBLE, DT_FLOAT, DT_HALF
from tensorflow.core.protobuf.config_pb2 import ConfigProto
from tensorflow.python.framework import kernels, op_def_registry

NARROW = (DT_FLOAT, DT_HALF, DT_BFLOAT16)


class NoSecondReference(Exception):
    """What is not evaluated here: the cell is judged by its loss alone."""


class Evaluator:
    """A graph in float64 in a session of its own, and in another one as it is.

    graph: without functions, since what calls them is inlined before. weights: values of its constants, by node.
    """

    def __init__(self, graph: GraphDef, weights: Mapping[str, np.ndarray] | None = None) -> None:
        if graph.library.function:
            raise NoSecondReference(f"the graph has functions: {[f.signature.name for f in graph.library.function]}")
        given = weights or {}
        self.exact = in_session(filled(widened(filled(graph, given)), given))
        self.rounding = in_session(filled(graph, given))

    def run(self, feeds: dict[str, np.ndarray], fetches: list[str]) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Answers for tensors by their names in the graph, as "node:0": in float64; and rounded on the way, as float32
        does."""
        exact, rounded = (answers(session, feeds, fetches) for session in (self.exact, self.rounding))
        return exact, rounded


def in_session(graph: GraphDef) -> tf.compat.v1.Session:
    config = ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=1)
    config.graph_options.rewrite_options.disable_meta_optimizer = True
    config.graph_options.optimizer_options.opt_level = -1
    with tf.Graph().as_default() as imported:
        tf.import_graph_def(graph, name="")
    return tf.compat.v1.Session(graph=imported, config=config)


def answers(session: tf.compat.v1.Session, feeds: dict[str, np.ndarray], fetches: list[str]) -> list[np.ndarray]:
    kinds = {name: session.graph.get_tensor_by_name(name).dtype.as_numpy_dtype for name in feeds}
    return session.run(fetches, {name: array.astype(kinds[name]) for name, array in feeds.items()})


def filled(graph: GraphDef, weights: Mapping[str, np.ndarray]) -> GraphDef:
    """The graph whose constants have these values, in the dtypes that it declares for them."""
    full = GraphDef(versions=graph.versions)
    full.node.extend(graph.node)
    for node in full.node:
        if node.op == "Const" and node.name in weights:
            kind, values = tf.as_dtype(node.attr["dtype"].type), weights[node.name]
            tensor = tf.make_tensor_proto(values.astype(kind.as_numpy_dtype), kind, values.shape)
            node.attr["value"].tensor.CopyFrom(tensor)
    return full


def widened(graph: GraphDef) -> GraphDef:
    """The graph with floats in float64, but for operators that TensorFlow has in narrower floats alone: these are
    computed in float32 between two casts."""
    wide = GraphDef(versions=graph.versions)
    renamed: dict[str, str] = {}
    for node in unfused(graph.node):
        if is_wide(node):
            widen(wide.node.add(), node)
        else:
            renamed |= between_casts(wide, node)
    for node in wide.node:
        node.input[:] = [renamed.get(name, name) for name in node.input]
    return wide


def unfused(nodes: Iterable[NodeDef]) -> Iterable[NodeDef]:
    """Write a batch normalisation, which TensorFlow does not have in float64, as the products that it is."""
    for node in nodes:
        if node.op.startswith("FusedBatchNorm") and not node.attr["is_training"].b:
            yield from normalisation(node)
        else:
            yield node


def normalisation(node: NodeDef) -> list[NodeDef]:
    """(x - mean) · rsqrt(variance + epsilon) · scale + offset. Its last node takes the name; it has one output."""
    if node.attr["data_format"].s not in (b"", b"NHWC"):
        raise NoSecondReference(f"{node.name}: a batch normalisation with channels first")
    x, scale, offset, mean, variance = (name for name in node.input if name[0] != "^")
    epsilon = NodeDef(name=f"{node.name}/epsilon", op="Const", input=[f"^{x.split(':')[0]}"])
    epsilon.attr["dtype"].type = DT_FLOAT
    epsilon.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(node.attr["epsilon"].f, tf.float32))
    made = [epsilon]

    def add(name: str, kind: str, *inputs: str) -> str:
        made.append(operator(name, kind, inputs))
        return name

    deviation = add(f"{node.name}/deviation", "Sub", x, mean)
    inverse = add(f"{node.name}/inverse", "Rsqrt", add(f"{node.name}/sum", "AddV2", variance, epsilon.name))
    factor = add(f"{node.name}/factor", "Mul", inverse, scale)
    add(node.name, "AddV2", add(f"{node.name}/product", "Mul", deviation, factor), offset)
    return made


def operator(name: str, kind: str, inputs: Iterable[str], **attributes: AttrValue) -> NodeDef:
    """A node of floats."""
    return NodeDef(name=name, op=kind, input=inputs, attr={"T": AttrValue(type=DT_FLOAT), **attributes})


def is_wide(node: NodeDef) -> bool:
    """Tell whether TensorFlow computes the operator in float64 on a CPU."""
    definition = op_def_registry.get(node.op)
    if any(arg.type in NARROW for arg in (*definition.input_arg, *definition.output_arg)):
        return False
    types = {name: wide_type(value.type) for name, value in node.attr.items() if value.type}
    for attribute in definition.attr:
        allowed = attribute.allowed_values.list.type
        if allowed and attribute.name in types and types[attribute.name] not in allowed:
            return False
    registered = kernels.get_registered_kernels_for_op(node.op).kernel
    on_cpu = [kernel.constraint for kernel in registered if kernel.device_type == "CPU"]
    return not on_cpu or any(
        all(types.get(c.name) in (None, *c.allowed_values.list.type) for c in constraints) for constraints in on_cpu
    )


def wide_type(kind: int) -> int:
    return DT_DOUBLE if kind in NARROW else kind


def widen(copy: NodeDef, node: NodeDef) -> None:
    copy.CopyFrom(node)
    for value in copy.attr.values():
        which = value.WhichOneof("value")
        if which == "type":
            value.type = wide_type(value.type)
        elif which == "list":
            value.list.type[:] = [wide_type(kind) for kind in value.list.type]
        elif which == "tensor" and value.tensor.dtype in NARROW:
            array = tf.make_ndarray(value.tensor).astype(np.float64)
            value.tensor.CopyFrom(tf.make_tensor_proto(array, tf.float64, array.shape))


def between_casts(graph: GraphDef, node: NodeDef) -> dict[str, str]:
    """Add a node that stays in float32, and return by what names others take its outputs."""
    definition = op_def_registry.get(node.op)
    print(f"{node.name}: {node.op} is computed in float32")
    inner = graph.node.add()
    inner.CopyFrom(node)
    inner.name = f"{node.name}/narrow"
    for value in inner.attr.values():
        if value.type in NARROW:
            value.type = DT_FLOAT
    data = [name for name in node.input if name[0] != "^"]
    for place, (name, kind) in enumerate(zip(data, kinds_of(definition.input_arg, inner), strict=True)):
        if kind == DT_FLOAT:
            inner.input[place] = f"{node.name}/float32_{place}"
            graph.node.append(cast(inner.input[place], name, DT_DOUBLE, DT_FLOAT))
    names: dict[str, str] = {}
    for place, kind in enumerate(kinds_of(definition.output_arg, inner)):
        wide = cast(
            f"{node.name}/float64_{place}" if place else node.name, f"{inner.name}:{place}", kind, wide_type(kind)
        )
        graph.node.append(wide)
        names |= {f"{node.name}:{place}": wide.name}
    return names


def cast(name: str, source: str, before: int, after: int) -> NodeDef:
    return NodeDef(
        name=name, op="Cast", input=[source], attr={"SrcT": AttrValue(type=before), "DstT": AttrValue(type=after)}
    )


def kinds_of(arguments: Iterable[Any], node: NodeDef) -> list[int]:
    """The types of the node's tensors, one for each."""
    kinds: list[int] = []
    for argument in arguments:
        if argument.type_list_attr:
            kinds += node.attr[argument.type_list_attr].list.type
        else:
            kind = argument.type or node.attr[argument.type_attr].type
            kinds += [kind] * (node.attr[argument.number_attr].i if argument.number_attr else 1)
    return kinds
