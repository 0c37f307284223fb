"""Answers for a TensorFlow.js graph model in exact arithmetic, by TensorFlow: its nodes in float64, and its weights as
model.json says that they are stored."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from google.protobuf.json_format import ParseDict
from tensorflow.core.framework.attr_value_pb2 import AttrValue
from tensorflow.core.framework.graph_pb2 import GraphDef
from tensorflow.core.framework.node_def_pb2 import NodeDef
from tensorflow.core.framework.types_pb2 import DT_FLOAT
from tensorflow.python.framework import op_def_registry

VERSIONS = ("tensorflow", "numpy")
ROUNDED = ".rounded"  # behind the names of answers that are rounded on the way
INTEGERS = ("DT_INT32", "DT_INT64", "DT_INT8", "DT_UINT8")  # TF.js holds all of them as int32
DTYPES = {"DT_FLOAT": "float32", "DT_BOOL": "bool", **dict.fromkeys(INTEGERS, "int32")}
FUSED = {"_FusedMatMul": "MatMul", "_FusedConv2D": "Conv2D", "FusedDepthwiseConv2dNative": "DepthwiseConv2dNative"}
ACTIVATIONS = ("Elu", "LeakyRelu", "Prelu", "Relu", "Relu6", "Sigmoid", "Tanh")


def graph_module() -> Any:
    """The module that evaluates TensorFlow's graphs, which is that of SavedModels."""
    path = Path(__file__).parent / "../savedmodel/evaluate_graph.py"
    spec = importlib.util.spec_from_file_location("deploymatrix_tfjs_evaluate_graph", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


evaluate_graph = graph_module()


class Evaluated:
    """A graph model in float64, and its signature."""

    def __init__(self, folder: Path) -> None:
        model = json.loads((folder / "model.json").read_text())
        self.signature = model["signature"]
        graph = ParseDict(model["modelTopology"], GraphDef())
        plain = GraphDef(versions=graph.versions, library=graph.library)
        plain.node.extend(made for node in graph.node for made in unfused(node))
        weights = dict(stored(folder, model["weightsManifest"]))
        self.evaluator = evaluate_graph.Evaluator(plain, weights)


def load(payload: Path) -> Evaluated:
    return Evaluated(payload)


def run(session: Evaluated, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Outputs by their names in the signature of model.json, in the dtypes that TensorFlow.js has; and as rounded."""
    given, wanted = session.signature["inputs"], session.signature["outputs"]
    feeds = {given[name]["name"]: array for name, array in inputs.items()}
    answers = session.evaluator.run(feeds, [tensor["name"] for tensor in wanted.values()])
    return {
        name + suffix: array.astype(DTYPES[wanted[name]["dtype"]])
        for suffix, arrays in zip(("", ROUNDED), answers, strict=True)
        for name, array in zip(wanted, arrays, strict=True)
    }


def stored(folder: Path, manifest: list[dict[str, Any]]) -> Iterator[tuple[str, np.ndarray]]:
    """Name and values of each weight: float64 where it is stored as levels, of which one is worth `scale`, from `min`.

    https://www.tensorflow.org/js/guide/conversion, and the comment at WeightsManifestEntry in tfjs-core's io/types.ts.
    """
    for group in manifest:
        shards, place = b"".join((folder / path).read_bytes() for path in group["paths"]), 0
        for entry in group["weights"]:
            how, shape = entry.get("quantization"), entry["shape"]
            dtype = np.dtype(how["dtype"] if how else entry["dtype"]).newbyteorder("<")
            values = np.frombuffer(shards, dtype, int(np.prod(shape, dtype=int)), place).reshape(shape)
            place += values.nbytes
            yield entry["name"], exact(values, how, entry["dtype"])


def exact(values: np.ndarray, how: dict[str, Any] | None, dtype: str) -> np.ndarray:
    if how is None:
        return values
    wide = values.astype(np.float64)
    if "scale" in how:
        wide = wide * how["scale"] + how["min"]
    return wide if dtype == "float32" else np.round(wide).astype(dtype)


def unfused(node: NodeDef) -> list[NodeDef]:
    """A fused operator as those that it consists of, the last one under its name; of others the node alone."""
    if node.op == "Prelu":
        return prelu(node.name, *node.input)
    if node.op == "BiasAdd":
        return [operator(node.name, "AddV2", *node.input)]
    if node.op not in FUSED:
        return [node]
    kind, parts = FUSED[node.op], [part.decode() for part in node.attr["fused_ops"].list.s]
    operands = [name for name in node.input if name[0] != "^"]
    dependences = [name for name in node.input if name[0] == "^"]
    known = {attribute.name for attribute in op_def_registry.get(kind).attr}
    attributes = {name: value for name, value in node.attr.items() if name in known}
    made = [NodeDef(name=f"{node.name}/{kind}", op=kind, input=[*operands[:2], *dependences], attr=attributes)]
    further = iter(operands[2:])
    for part in parts:
        if part != "BiasAdd" and part not in ACTIVATIONS:
            raise evaluate_graph.NoSecondReference(f"{node.name}: {node.op} with {part}")
        inputs = [made[-1].name, *([next(further)] if part in ("BiasAdd", "Prelu") else [])]
        made += prelu(f"{node.name}/{part}", *inputs) if part == "Prelu" else [part_of(node, part, inputs)]
    return [*made, operator(node.name, "Identity", made[-1].name)]


def part_of(node: NodeDef, part: str, inputs: list[str]) -> NodeDef:
    """A BiasAdd is a sum in TensorFlow.js: the converter also writes it for one with a scalar."""
    made = operator(f"{node.name}/{part}", "AddV2" if part == "BiasAdd" else part, *inputs)
    if part == "LeakyRelu":
        made.attr["alpha"].f = node.attr["leakyrelu_alpha"].f
    return made


def prelu(name: str, x: str, alpha: str) -> list[NodeDef]:
    """max(x, 0) + alpha · (x - max(x, 0))"""
    above, below, scaled = (f"{name}/{part}" for part in ("above", "below", "scaled"))
    return [
        operator(above, "Relu", x),
        operator(below, "Sub", x, above),
        operator(scaled, "Mul", alpha, below),
        operator(name, "AddV2", above, scaled),
    ]


def operator(name: str, kind: str, *inputs: str) -> NodeDef:
    return NodeDef(name=name, op=kind, input=inputs, attr={"T": AttrValue(type=DT_FLOAT)})
