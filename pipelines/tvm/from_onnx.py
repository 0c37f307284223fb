"""ONNX → a shared library by TVM's Relax: machine code for any CPU of this kind, untuned."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import onnx
import tvm
from tvm.relax.frontend.onnx import from_onnx

VERSIONS = ("apache-tvm", "onnx", "numpy")
ENTRY = "model.tvm.so"
OPTIONS = ("target",)


def export(source: Path, spec: Any, out: Path, options: dict[str, Any]) -> dict[str, Any]:
    """Write `model.tvm.so`, free axes left free; its inputs and outputs go by their positions in the graph.

    options: target, "llvm" by default: what TVM compiles for, as "llvm -mcpu=skylake-avx512".
    Raises FileNotFoundError where the machine has no g++, which links the library.
    """
    if shutil.which("g++") is None:
        raise FileNotFoundError("TVM links its library by g++, and there is none on PATH: install it (Debian: g++)")
    model = onnx.load(source)
    module = from_onnx(model, keep_params_in_input=False)
    tvm.compile(module, target=options.get("target", "llvm")).export_library(str(out / ENTRY))
    held = {tensor.name for tensor in model.graph.initializer}
    inputs = [tensor.name for tensor in model.graph.input if tensor.name not in held]
    names = {"inputs": inputs, "outputs": [tensor.name for tensor in model.graph.output]}
    return {
        group: {declared: {**t, "name": str(names[group].index(t["name"]))} for declared, t in tensors.items()}
        for group, tensors in spec.source_signature.items()
    }
