"""Writes .onnx files as others make them: weights beside them, free shapes, no inputs. Run where onnx is.

Each is one folder with model.onnx, and where two artifacts of one model are compared, other.onnx.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

WEIGHT = np.random.default_rng(5).standard_normal((4, 3)).astype(np.float32)
FLOAT, INT64, HALF, BFLOAT16 = TensorProto.FLOAT, TensorProto.INT64, TensorProto.FLOAT16, TensorProto.BFLOAT16
Sizes = Sequence[int | str | None]
Infos = list[onnx.ValueInfoProto]


def main(out: Path) -> None:
    external(out / "external", "weights.bin")
    external(out / "deep", "data/part-0/the weights")
    external(out / "climbing", "../weights.bin")
    external(out / "lost", "weights.bin").joinpath("weights.bin").unlink()
    folded(out / "folded", used=False)
    folded(out / "needed", used=True)
    free(out / "free")
    unnamed(out / "unnamed")
    nothing_in(out / "nothing-in")
    half(out / "half")
    brain(out / "brain")
    stateful(out / "state")
    hidden_ids(out / "ids")


def tensor(name: str, kind: int, shape: Sizes | None) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, shape)


def save(
    path: Path,
    nodes: list[onnx.NodeProto],
    inputs: Infos,
    outputs: Infos,
    **constants: np.ndarray,
) -> onnx.ModelProto:
    path.parent.mkdir(parents=True, exist_ok=True)
    held = [numpy_helper.from_array(array, name) for name, array in constants.items()]
    graph = helper.make_graph(nodes, "graph", inputs, outputs, held)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.save(model, path)
    return model


def dense(path: Path, batch: int | str = 1) -> onnx.ModelProto:
    nodes = [helper.make_node("MatMul", ["x", "weight"], ["h"]), helper.make_node("Tanh", ["h"], ["y"])]
    return save(path, nodes, [tensor("x", FLOAT, [batch, 4])], [tensor("y", FLOAT, [batch, 3])], weight=WEIGHT)


def external(folder: Path, location: str) -> Path:
    """A weight in a file of any name, as onnx.save_model(location=…) leaves it; onnx refuses to write climbing ones."""
    dense(folder / "other.onnx")
    model = dense(folder / "model.onnx")
    stored = model.graph.initializer[0]
    data = stored.raw_data
    stored.ClearField("raw_data")
    stored.data_location = TensorProto.EXTERNAL
    for key, value in {"location": location, "offset": "0", "length": str(len(data))}.items():
        stored.external_data.add(key=key, value=value)
    (folder / location).parent.mkdir(parents=True, exist_ok=True)
    (folder / location).write_bytes(data)
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    return folder


def folded(folder: Path, *, used: bool) -> None:
    """model.onnx takes a mask besides, which other.onnx lost; where it is `used`, it was lost wrongly."""
    dense(folder / "other.onnx")
    nodes = [
        helper.make_node("Mul", ["mask", "factor"], ["scaled"]),
        helper.make_node("ReduceSum", ["scaled"], ["sum"], keepdims=0),
        helper.make_node("MatMul", ["x", "weight"], ["h"]),
        helper.make_node("Add", ["h", "sum"], ["i"]),
        helper.make_node("Tanh", ["i"], ["y"]),
    ]
    inputs = [tensor("x", FLOAT, [1, 4]), tensor("mask", FLOAT, [1, 2])]
    factor = np.array(0.01 if used else 0, np.float32)
    save(folder / "model.onnx", nodes, inputs, [tensor("y", FLOAT, [1, 3])], weight=WEIGHT, factor=factor)


def free(folder: Path) -> None:
    """x float32[batch, time, 4]; other.onnx answers otherwise from the third row of the batch on."""
    nodes = [helper.make_node("MatMul", ["x", "weight"], ["h"]), helper.make_node("Tanh", ["h"], ["y"])]
    inputs, outputs = [tensor("x", FLOAT, ["batch", "time", 4])], [tensor("y", FLOAT, ["batch", "time", 3])]
    save(folder / "model.onnx", nodes, inputs, outputs, weight=WEIGHT)
    cut = [
        helper.make_node("Slice", ["x", "from", "to", "axis"], ["head"]),
        helper.make_node("Slice", ["x", "to", "end", "axis"], ["tail"]),
        helper.make_node("Mul", ["tail", "factor"], ["spoiled"]),
        helper.make_node("Concat", ["head", "spoiled"], ["z"], axis=0),
        helper.make_node("MatMul", ["z", "weight"], ["h"]),
        helper.make_node("Tanh", ["h"], ["y"]),
    ]
    bounds = {name: np.array([at]) for name, at in {"from": 0, "to": 2, "end": 9999, "axis": 0}.items()}
    factor = np.array(1.5, np.float32)
    save(folder / "other.onnx", cut, inputs, outputs, weight=WEIGHT, factor=factor, **bounds)


def unnamed(folder: Path) -> None:
    """Two inputs of one free axis, of which nobody tells the name: they must have one size."""
    nodes = [helper.make_node("Add", ["x", "z"], ["y"])]
    inputs = [tensor("x", FLOAT, [None, 4]), tensor("z", FLOAT, [None, 4])]
    save(folder / "model.onnx", nodes, inputs, [tensor("y", FLOAT, [None, 4])])


def nothing_in(folder: Path) -> None:
    nodes = [helper.make_node("Tanh", ["weight"], ["y"])]
    for name, weight in {"model": WEIGHT, "other": WEIGHT, "wrong": WEIGHT + np.float32(0.01)}.items():
        save(folder / f"{name}.onnx", nodes, [], [tensor("y", FLOAT, [4, 3])], weight=weight)


def half(folder: Path) -> None:
    """model.onnx in float32; other.onnx in float16, inputs and outputs too."""
    dense(folder / "model.onnx")
    nodes = [helper.make_node("MatMul", ["x", "weight"], ["h"]), helper.make_node("Tanh", ["h"], ["y"])]
    for name, weight in {"other": WEIGHT, "wrong": WEIGHT * np.float32(1.02)}.items():
        inputs, outputs = [tensor("x", HALF, [1, 4])], [tensor("y", HALF, [1, 3])]
        save(folder / f"{name}.onnx", nodes, inputs, outputs, weight=weight.astype(np.float16))


def brain(folder: Path) -> None:
    """bfloat16 inputs and outputs; float32 between them, since ONNX Runtime's CPU has few kernels for it."""
    dense(folder / "model.onnx")
    nodes = [
        helper.make_node("Cast", ["x"], ["wide"], to=FLOAT),
        helper.make_node("MatMul", ["wide", "weight"], ["h"]),
        helper.make_node("Tanh", ["h"], ["i"]),
        helper.make_node("Cast", ["i"], ["y"], to=BFLOAT16),
    ]
    for name, weight in {"other": WEIGHT, "wrong": WEIGHT * np.float32(1.2)}.items():
        inputs, outputs = [tensor("x", BFLOAT16, [1, 4])], [tensor("y", BFLOAT16, [1, 3])]
        save(folder / f"{name}.onnx", nodes, inputs, outputs, weight=weight)


def stateful(folder: Path) -> None:
    """One step of a recurrence: the state goes in and comes out."""
    nodes = [
        helper.make_node("MatMul", ["x", "weight"], ["h"]),
        helper.make_node("Add", ["h", "state_in"], ["sum"]),
        helper.make_node("Tanh", ["sum"], ["state_out"]),
        helper.make_node("Relu", ["state_out"], ["y"]),
    ]
    inputs = [tensor("x", FLOAT, ["batch", 4]), tensor("state_in", FLOAT, ["batch", 3])]
    outputs = [tensor("y", FLOAT, ["batch", 3]), tensor("state_out", FLOAT, ["batch", 3])]
    for name in ("model", "other"):
        save(folder / f"{name}.onnx", nodes, inputs, outputs, weight=WEIGHT)


def hidden_ids(folder: Path) -> None:
    """kinds reach a table through GatherElements, whose indices are as wide as the answer."""
    table = np.random.default_rng(6).standard_normal((7, 4)).astype(np.float32)
    nodes = [
        helper.make_node("Unsqueeze", ["kinds", "axis"], ["column"]),
        helper.make_node("Expand", ["column", "wide"], ["indices"]),
        helper.make_node("GatherElements", ["table", "indices"], ["y"], axis=0),
    ]
    constants = {"table": table, "axis": np.array([1]), "wide": np.array([1, 4])}
    save(
        folder / "model.onnx", nodes, [tensor("kinds", INT64, ["time"])], [tensor("y", FLOAT, ["time", 4])], **constants
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
