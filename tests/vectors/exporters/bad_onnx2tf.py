"""Bad ONNX graphs for onnx2tf, and for ONNX Runtime, which lies in the same environment."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper

from deploymatrix.worker.spec import Spec, Tensor
from tests.vectors.exporters.bad_files import cases
from tests.vectors.exporters.loading import module

FLOAT = TensorProto.FLOAT


STEP = module("pipelines/savedmodel/from_onnx.py")
RUN = module("targets/onnx/run.py")
ENTRY = {"name": "x", "dtype": "float32", "shape": [1, 4]}
SIGNATURE: Any = {"inputs": {"x": ENTRY}, "outputs": {"y": {**ENTRY, "name": "y"}}}


def write(folder: Path, *nodes: Any, inputs: tuple[str, ...] = ("x",), weights: tuple[Any, ...] = ()) -> Path:
    given = [helper.make_tensor_value_info(name, FLOAT, (1, 4)) for name in inputs]
    graph = helper.make_graph(nodes, "bad", given, [helper.make_tensor_value_info("y", FLOAT, None)], weights)
    domains = [helper.make_opsetid("", 17), helper.make_opsetid("mine", 1)]
    onnx.save(helper.make_model(graph, opset_imports=domains, ir_version=8), folder / "bad.onnx")
    return folder / "bad.onnx"


def weight(name: str, *shape: int) -> Any:
    return onnx.numpy_helper.from_array(np.zeros(shape, np.float32), name)


def foreign(folder: Path) -> Path:
    return write(folder, helper.make_node("Strange", ["x"], ["y"], domain="mine"))


def unknown(folder: Path) -> Path:
    return write(folder, helper.make_node("NoSuchOperator", ["x"], ["y"]))


def wrong_shape(folder: Path) -> Path:
    return write(folder, helper.make_node("MatMul", ["x", "w"], ["y"]), weights=(weight("w", 5, 3),))


def nowhere(folder: Path) -> Path:
    return write(folder, helper.make_node("Relu", ["z"], ["y"]))


def transform(folder: Path) -> Path:
    return write(folder, helper.make_node("DFT", ["x"], ["y"], axis=1))


def nothing(folder: Path) -> Path:
    return folder / "nothing.onnx"


def rubbish(folder: Path) -> Path:
    (folder / "bad.onnx").write_bytes(b"this is no model" * 64)
    return folder / "bad.onnx"


def stray(folder: Path) -> Path:
    return write(folder, helper.make_node("Relu", ["x"], ["y"]), inputs=("x", "stray_1", "stray_2"))


def good(folder: Path) -> Path:
    return write(folder, helper.make_node("Relu", ["x"], ["y"]))


def convert(make: Callable[[Path], Path], folder: Path) -> None:
    sample = {"x": np.linspace(1, 2, 4, dtype=np.float32).reshape(1, 4)}
    tensors = {"inputs": [Tensor("x", "float32", (1, 4))], "outputs": [Tensor("y", "float32", (1, 4))]}
    spec = Spec(
        "bad", "torch", "other", "fp32", 0, False, **tensors, samples=[sample, sample], source_signature=SIGNATURE
    )
    STEP.export(make(folder), spec, folder / "out", {})


def load(make: Callable[[Path], Path], folder: Path) -> None:
    RUN.load(make(folder))


def run(make: Callable[[Path], Path], value: Any, folder: Path) -> None:
    RUN.run(RUN.load(make(folder)), {"x": value})


FILES = (foreign, unknown, wrong_shape, nowhere, transform, nothing, rubbish, stray)
CASES: dict[str, Callable[[Path], Any]] = {
    f"savedmodel/from_onnx {make.__name__}": functools.partial(convert, make) for make in FILES
}
CASES |= {f"onnx load {make.__name__}": functools.partial(load, make) for make in FILES if make is not stray}
CASES["onnx run stray"] = functools.partial(run, stray, np.zeros((1, 4), np.float32))
CASES["onnx run shape"] = functools.partial(run, good, np.zeros((1, 7), np.float32))
CASES["onnx run dtype"] = functools.partial(run, good, np.zeros((1, 4), np.int64))
CASES |= cases("tensorflow_graph/from_onnx")
