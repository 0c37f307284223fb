"""Runs a .tflite file with LiteRT for Microcontrollers (TFLM), which knows inputs and outputs by position alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tflite_micro import runtime

VERSIONS = ("tflite-micro", "numpy")
ARENA = 256 << 20  # bytes for all tensors of a run: what a microcontroller has is not judged here


@dataclass(frozen=True)
class Session:
    """`inputs`, `outputs`: the names in the file's signature, in the order of its positions."""

    interpreter: runtime.Interpreter
    inputs: list[str]
    outputs: list[str]


def load(payload: Path) -> Session:
    """Raises ValueError unless the file has one signature."""
    content = payload.read_bytes()
    model = runtime.convert_bytearray_to_object(bytearray(content))
    (signature,) = model.signatureDefs
    graph = model.subgraphs[signature.subgraphIndex]
    return Session(
        runtime.Interpreter.from_bytes(content, arena_size=ARENA),
        names_of(signature.inputs, graph.inputs),
        names_of(signature.outputs, graph.outputs),
    )


def names_of(named: list[Any], tensors: Any) -> list[str]:
    names = {entry.tensorIndex: entry.name.decode() for entry in named}
    return [names[tensor] for tensor in tensors]


def run(session: Session, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Outputs by their names in the signature."""
    for place, name in enumerate(session.inputs):
        session.interpreter.set_input(inputs[name], place)
    session.interpreter.invoke()
    return {name: session.interpreter.get_output(place) for place, name in enumerate(session.outputs)}


def describe(session: Session) -> dict[str, dict[str, dict[str, Any]]]:
    """Inputs and outputs by their names in the signature."""
    ends = session.interpreter
    return {
        "inputs": {name: described(ends.get_input_details(i)) for i, name in enumerate(session.inputs)},
        "outputs": {name: described(ends.get_output_details(i)) for i, name in enumerate(session.outputs)},
    }


def described(tensor: dict[str, Any]) -> dict[str, Any]:
    return {"dtype": tensor["dtype"], "shape": list(tensor["shape"])}
