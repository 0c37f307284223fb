"""Answers for an ONNX graph in exact arithmetic: what its numbers come to when nothing is rounded on the way.

It is ONNX's own evaluator on a copy of the graph in which every float is a float64, so that only what the graph itself
rounds is rounded: the weights that it holds, and what QuantizeLinear and its like make of activations.

A second evaluator rounds what each node gives, as the tensor is declared: what lies between the two is the noise of an
honest runtime.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import AttributeProto, TensorProto, numpy_helper
from onnx.reference import ReferenceEvaluator

VERSIONS = ("onnx", "numpy")
ROUNDED = ".rounded"
NARROW = (TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.BFLOAT16)
# Attributes that say which dtype a node gives; 0 stands for none.
GIVES = {("Cast", "to"), ("EyeLike", "dtype"), ("DequantizeLinear", "output_dtype"), ("RandomNormalLike", "dtype")}


def beside(name: str) -> Any:
    """The module of a file of this folder, which is no place to import from."""
    path = Path(__file__).parent / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"deploymatrix_onnx_{name}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


exact_lstm, exact_operators, sorting = beside("exact_lstm"), beside("exact_operators"), beside("sorting")


class Evaluator:
    """A graph in float64, exactly and with each node's answers rounded, and the dtypes that its outputs have."""

    def __init__(self, path: Path) -> None:
        model = onnx.load(path)
        self.dtypes = {
            output.name: onnx.helper.tensor_dtype_to_np_dtype(output.type.tensor_type.elem_type)
            for output in model.graph.output
        }
        sorting.sort(model.graph)  # the evaluator runs nodes as they stand; a runtime sorts them by itself
        halves = of_float16(model)
        for graph in graphs(model.graph):
            widen(graph)
            sorting.sort(graph)
        operators = [*exact_operators.OPERATORS, *exact_lstm.OPERATORS]
        self.exact = ReferenceEvaluator(model, new_ops=operators)
        self.rounding = ReferenceEvaluator(model, new_ops=operators)
        for node in self.rounding.rt_nodes_:
            node.run = rounded(node.run, "float16" if halves.intersection(node.output) else "float32")


def load(payload: Path) -> Evaluator:
    return Evaluator(payload)


def run(session: Evaluator, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Outputs by their names in the graph, in their declared dtypes; and with ROUNDED behind the name, rounded ones."""
    feeds = {name: array.astype("float64") if array.dtype.kind == "f" else array for name, array in inputs.items()}
    dtypes = session.dtypes
    exact, rounding = (each.run(list(dtypes), feeds) for each in (session.exact, session.rounding))
    named = [*zip(dtypes, dtypes, exact, strict=True)]
    named += [(name + ROUNDED, name, answer) for name, answer in zip(dtypes, rounding, strict=True)]
    return {name: np.asarray(answer, dtypes[of]) for name, of, answer in named}


def rounded(run_node: Callable[..., Any], kind: str) -> Callable[..., Any]:
    """What runs a node, with its answers rounded to a dtype."""

    def run_rounded(*inputs: Any, **attributes: Any) -> tuple[Any, ...]:
        return tuple(narrowed(answer, kind) for answer in run_node(*inputs, **attributes))

    return run_rounded


def narrowed(answer: Any, kind: str) -> Any:
    """The nearest numbers of a dtype, as float64; what is no array of floats stays."""
    if getattr(answer, "dtype", None) != np.float64:
        return answer
    with np.errstate(over="ignore"):
        return np.asarray(answer).astype(kind).astype("float64")


def of_float16(model: onnx.ModelProto) -> set[str]:
    """The names of the tensors that are declared or inferred as float16."""
    values = onnx.shape_inference.infer_shapes(model).graph.value_info
    return {value.name for value in values if value.type.tensor_type.elem_type == TensorProto.FLOAT16}


def graphs(graph: onnx.GraphProto) -> Iterator[onnx.GraphProto]:
    """The graph and those inside of its nodes: branches, and bodies of loops."""
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            for inner in [attribute.g] if attribute.type == AttributeProto.GRAPH else attribute.graphs:
                yield from graphs(inner)


def widen(graph: onnx.GraphProto) -> None:
    """Make float64 of every float that the graph declares, holds, or casts to."""
    for value in (*graph.input, *graph.output, *graph.value_info):
        if value.type.tensor_type.elem_type in NARROW:
            value.type.tensor_type.elem_type = TensorProto.DOUBLE
    for tensor in graph.initializer:
        tensor.CopyFrom(wide(tensor))
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.type == AttributeProto.TENSOR:
                attribute.t.CopyFrom(wide(attribute.t))
            elif (node.op_type, attribute.name) in GIVES and attribute.i in NARROW:
                attribute.i = TensorProto.DOUBLE


def wide(tensor: Any) -> Any:
    if tensor.data_type not in NARROW:
        return tensor
    return numpy_helper.from_array(numpy_helper.to_array(tensor).astype("float64"), tensor.name)
