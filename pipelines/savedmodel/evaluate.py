"""Answers for a SavedModel in exact arithmetic: its signature's graph with its variables as constants, in float64."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

VERSIONS = ("tensorflow", "numpy")
ROUNDED = ".rounded"  # behind the names of answers that are rounded on the way
SIGNATURE = "serving_default"


def beside(name: str) -> Any:
    """The module of a file of this folder, which is no place to import from."""
    spec = importlib.util.spec_from_file_location(
        f"deploymatrix_savedmodel_{name}", Path(__file__).parent / f"{name}.py"
    )
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


evaluate_graph = beside("evaluate_graph")


class Evaluated:
    """A signature in float64. `inputs`, `outputs`: its tensors in the graph by its names; `dtypes` of its outputs."""

    def __init__(self, payload: Path) -> None:
        loaded = tf.saved_model.load(str(payload))  # kept until the variables are constants
        signature = loaded.signatures[SIGNATURE]
        frozen = convert_variables_to_constants_v2(signature, aggressive_inlining=True)
        _, named = signature.structured_input_signature
        tensors = {tensor.op.name: tensor.name for tensor in frozen.inputs}
        self.inputs = {name: tensors[spec.name] for name, spec in named.items()}
        names = sorted(signature.structured_outputs)  # the order in which tf.nest flattens a dictionary
        self.outputs = {name: tensor.name for name, tensor in zip(names, frozen.outputs, strict=True)}
        self.dtypes = {name: signature.structured_outputs[name].dtype.as_numpy_dtype for name in names}
        self.evaluator = evaluate_graph.Evaluator(frozen.graph.as_graph_def())


def load(payload: Path) -> Evaluated:
    return Evaluated(payload)


def run(session: Evaluated, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Outputs by their names in the signature, in its dtypes; and as they are when rounded on the way."""
    feeds = {session.inputs[name]: array for name, array in inputs.items()}
    answers = session.evaluator.run(feeds, list(session.outputs.values()))
    return {
        name + suffix: array.astype(session.dtypes[name])
        for suffix, arrays in zip(("", ROUNDED), answers, strict=True)
        for name, array in zip(session.outputs, arrays, strict=True)
    }
