"""Bad ONNX graphs for the quantisers of ONNX Runtime, and for its converter to float16."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper

from deploymatrix.worker.spec import Spec, Tensor
from tests.vectors.exporters.loading import module

STEP = module("pipelines/onnx/from_onnx.py")
ENTRY = {"name": "x", "dtype": "float32", "shape": [1, 64]}
SIGNATURE: Any = {"inputs": {"x": ENTRY}, "outputs": {"y": {**ENTRY, "name": "y"}}}
SAMPLE = {"x": np.linspace(1, 2, 64, dtype=np.float32).reshape(1, 64)}


def write(folder: Path, *nodes: Any, weights: tuple[Any, ...] = ()) -> Path:
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, (1, 64)) for name in "xy"]
    graph = helper.make_graph(nodes, "bad", ends[:1], ends[1:], weights)
    domains = [helper.make_opsetid("", 17), helper.make_opsetid("mine", 1)]
    onnx.save(helper.make_model(graph, opset_imports=domains, ir_version=8), folder / "bad.onnx")
    return folder / "bad.onnx"


def weight(rows: int, columns: int) -> Any:
    return onnx.numpy_helper.from_array(np.ones((rows, columns), np.float32), "w")


def good(folder: Path) -> Path:
    return write(folder, helper.make_node("MatMul", ["x", "w"], ["y"], name="product"), weights=(weight(64, 64),))


def foreign(folder: Path) -> Path:
    return write(folder, helper.make_node("Strange", ["x"], ["y"], domain="mine"))


def wrong_shape(folder: Path) -> Path:
    return write(folder, helper.make_node("MatMul", ["x", "w"], ["y"]), weights=(weight(5, 3),))


def nowhere(folder: Path) -> Path:
    return write(folder, helper.make_node("Relu", ["z"], ["y"]))


def nothing(folder: Path) -> Path:
    return folder / "nothing.onnx"


def rubbish(folder: Path) -> Path:
    (folder / "bad.onnx").write_bytes(b"this is no model" * 64)
    return folder / "bad.onnx"


def convert(make: Callable[[Path], Path], variant: str, calibration: list[Any], folder: Path) -> None:
    tensors = {"inputs": [Tensor("x", "float32", (1, 64))], "outputs": [Tensor("y", "float32", (1, 64))]}
    spec = Spec("bad", "torch", "other", variant, 0, False, **tensors, samples=[SAMPLE], source_signature=SIGNATURE)
    STEP.export(make(folder), replace(spec, calibration=calibration), folder / "out", {})


FILES = (foreign, wrong_shape, nowhere, nothing, rubbish)
WRONG = {"x": np.ones((1, 7), np.float32)}
CASES: dict[str, Callable[[Path], Any]] = {
    f"onnx/from_onnx {variant} {make.__name__}": functools.partial(convert, make, variant, [SAMPLE])
    for make in FILES
    for variant in ("fp16", "int8-dynamic", "int8-static")
}
CASES["onnx/from_onnx int8-static no_calibration"] = functools.partial(convert, good, "int8-static", [])
CASES["onnx/from_onnx int8-static wrong_calibration"] = functools.partial(convert, good, "int8-static", [WRONG])
