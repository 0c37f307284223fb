"""Runs an .onnx file with tract, optimised for the CPU, on one thread.

tract calls an output as the operator that makes it. The graph's own names are read from the file, a protocol buffer:
https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tract

VERSIONS = ("tract", "numpy")
DTYPES = {"f": "float", "i": "int", "u": "uint"}  # tract writes a tensor as "1,12,f32"


@dataclass(frozen=True)
class Session:
    """`inputs`, `outputs`: by their names in the graph, what tract knows of them; in tract they go by position."""

    runnable: tract.Runnable
    inputs: dict[str, str]
    outputs: dict[str, str]


def load(payload: Path) -> Session:
    graph = tract.onnx().load(payload)
    names = [graph.input_name(i) for i in range(graph.input_count())]
    model = graph.into_model()
    inputs = dict(zip(names, map(str, model.input_facts()), strict=True))
    outputs = dict(zip(output_names(payload.read_bytes()), map(str, model.output_facts()), strict=True))
    return Session(model.into_runnable(), inputs, outputs)


def run(session: Session, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Outputs by their names in the graph."""
    answers = session.runnable.run([inputs[name] for name in session.inputs])
    return {name: answer.to_numpy() for name, answer in zip(session.outputs, answers, strict=True)}


def describe(session: Session) -> dict[str, dict[str, dict[str, Any]]]:
    """Inputs and outputs by their names in the graph."""
    return {"inputs": described(session.inputs), "outputs": described(session.outputs)}


def described(facts: dict[str, str]) -> dict[str, dict[str, Any]]:
    tensors = {name: fact.split(" ")[0].split(",") for name, fact in facts.items()}
    return {n: {"dtype": dtype_of(kind), "shape": [size_of(s) for s in shape]} for n, (*shape, kind) in tensors.items()}


def dtype_of(kind: str) -> str | None:
    name = DTYPES.get(kind[:1], "") + kind[1:]
    return kind if kind == "bool" else name if hasattr(np, name) else None


def size_of(text: str) -> int | str:
    """A size that varies bears the name of its dim, or is an expression of such names."""
    return int(text) if text.isdecimal() else text


def output_names(model: bytes) -> list[str]:
    """Read ModelProto.graph, GraphProto.output, ValueInfoProto.name."""
    graph = next(value for number, value in fields(model) if number == 7)
    return [dict(fields(value))[1].decode() for number, value in fields(graph) if number == 12]


def fields(data: bytes) -> Iterator[tuple[int, Any]]:
    """Yield number and value of each field: https://protobuf.dev/programming-guides/encoding."""
    at = 0
    while at < len(data):
        tag, at = varint(data, at)
        if tag & 7 == 0:
            value, at = varint(data, at)
            yield tag >> 3, value
            continue
        size, at = varint(data, at) if tag & 7 == 2 else ({1: 8, 5: 4}[tag & 7], at)
        yield tag >> 3, data[at : at + size]
        at += size


def varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        value, shift, at = value | (data[at] & 0x7F) << shift, shift + 7, at + 1
        if data[at - 1] < 0x80:
            return value, at
