"""Answers for an ONNX graph in exact arithmetic: what its numbers come to when nothing is rounded on the way.

It is ONNX's own evaluator on a copy of the graph in which every float is a float64, so that only what the graph itself
rounds is rounded: the weights that it holds, and what QuantizeLinear and its like make of activations.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import AttributeProto, TensorProto, numpy_helper
from onnx.reference import ReferenceEvaluator

VERSIONS = ("onnx", "numpy")
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
rounding = beside("rounding")
ROUNDED = ".rounded"  # behind the name of an output: what it comes to when each node rounds


class NoSecondReference(Exception):
    """What ONNX's evaluator has no implementation of: the cell is judged by its loss alone."""


class Evaluator:
    """A graph in float64, and the dtypes that its outputs were declared in."""

    def __init__(self, path: Path) -> None:
        model = onnx.load(path)
        self.dtypes = {
            output.name: onnx.helper.tensor_dtype_to_np_dtype(output.type.tensor_type.elem_type)
            for output in model.graph.output
        }
        dtype = rounding.narrowest(model)
        for graph in graphs(model.graph):
            widen(graph)
            sorting.sort(graph)  # the evaluator runs nodes as they stand; a runtime sorts them by itself
        operators = [*exact_operators.OPERATORS, *exact_lstm.OPERATORS]
        self.exact = ReferenceEvaluator(model, new_ops=operators)
        self.rounding = rounding.rounding(ReferenceEvaluator(model, new_ops=operators), dtype)


def load(payload: Path) -> Evaluator:
    """Raises NoSecondReference for a graph with an operator that the evaluator does not have."""
    try:
        return Evaluator(payload)
    except NotImplementedError as error:
        raise NoSecondReference(str(error)) from error


def run(session: Evaluator, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Outputs by their names in the graph, in their declared dtypes; each a second time as it is when nodes round.

    Raises NoSecondReference for a node that the evaluator does not compute as it asks.
    """
    feeds = {name: array.astype("float64") if array.dtype.kind == "f" else array for name, array in inputs.items()}
    names = list(session.dtypes)
    answers: dict[str, np.ndarray] = {}
    for evaluator, word in ((session.exact, ""), (session.rounding, ROUNDED)):
        try:
            given = zip(names, evaluator.run(names, feeds), strict=True)
        except NotImplementedError as error:
            raise NoSecondReference(str(error)) from error
        answers |= {name + word: np.asarray(answer, session.dtypes[name]) for name, answer in given}
    return answers


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
