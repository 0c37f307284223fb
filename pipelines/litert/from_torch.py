"""PyTorch → LiteRT (.tflite) by litert-torch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import litert_torch
import torch
from ai_edge_litert.interpreter import Interpreter
from torch import nn

VERSIONS = ("litert-torch", "litert-converter", "torch", "numpy")
ENTRY = "model.tflite"
OPTIONS = ("enable_x64",)


def export(source: nn.Module, spec: Any, out: Path, options: dict[str, Any]) -> dict[str, Any]:
    """Write `model.tflite` with one signature, whose tensors litert-torch names args_0, …, output_0, … by position.

    litert-torch exports fixed sizes alone: docs/findings/litert-torch-free-axes/finding.md

    options: enable_x64, true by default: int64 stays int64, which litert-torch would else make int32.
    Raises ValueError when the file's tensors are not those.
    """
    inputs = tuple(torch.tensor(spec.example[declared.name]) for declared in spec.inputs)
    model = litert_torch.convert(source, inputs, enable_x64=options.get("enable_x64", True))
    model.export(str(out / ENTRY))
    runner = Interpreter(str(out / ENTRY)).get_signature_runner()
    return {
        "inputs": described(spec.inputs, "args", runner.get_input_details()),
        "outputs": described(spec.outputs, "output", runner.get_output_details()),
        "static": list(spec.dims),
    }


def described(declared: list[Any], prefix: str, details: dict[str, Any]) -> dict[str, Any]:
    """Name, dtype and shape in the file for each declared tensor; `details` is the interpreter's, by name."""
    names = [f"{prefix}_{i}" for i in range(len(declared))]
    if sorted(details) != sorted(names):
        raise ValueError(f"the file's tensors are {sorted(details)}; expected were {names}")
    return {
        tensor.name: {
            "name": name,
            "dtype": details[name]["dtype"].__name__,
            "shape": [int(size) for size in details[name]["shape"]],
        }
        for tensor, name in zip(declared, names, strict=True)
    }
