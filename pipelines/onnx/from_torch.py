"""PyTorch → ONNX, by the exporter that is based on torch.export."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import onnx
import onnxscript.function_libs.torch_lib.ops  # noqa: F401  (the exporter imports it when called: here, before the fork)
import torch
import torch.export._trace  # as above; together 3 s
from torch import nn
from torch.export import Dim

VERSIONS = ("torch", "onnx", "onnxscript", "numpy")
ENTRY = "model.onnx"
OPTIONS = ("opset",)


def export(source: nn.Module, spec: Any, out: Path, options: dict[str, Any]) -> dict[str, Any]:
    """Write `model.onnx`, weights inside, inputs and outputs named as declared.

    options: opset, the version of ONNX's operator set; the exporter's own choice where it is not given.
    Raises onnx.checker.ValidationError when the file is not valid ONNX.
    """
    torch.onnx.export(
        source,
        tuple(torch.tensor(spec.example[declared.name]) for declared in spec.inputs),
        out / ENTRY,
        input_names=[declared.name for declared in spec.inputs],
        output_names=[declared.name for declared in spec.outputs],
        opset_version=options.get("opset"),
        dynamo=True,
        dynamic_shapes=dynamic_shapes(spec),
        external_data=False,
        verbose=False,
    )
    onnx.checker.check_model(out / ENTRY, full_check=True)
    return {
        "inputs": {declared.name: declared.name for declared in spec.inputs},
        "outputs": {declared.name: declared.name for declared in spec.outputs},
    }


def dynamic_shapes(spec: Any) -> tuple[dict[int, Dim], ...] | None:
    """The free axes of each input, as torch.export wants them; None where the model has none."""
    dims = {name: Dim(name, min=dim.min, max=dim.max) for name, dim in spec.dims.items()}
    axes = tuple({axis: dims[name] for axis, name in declared.free.items()} for declared in spec.inputs)
    return axes if dims else None
