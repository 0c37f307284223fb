"""PyTorch → an exported program: what torch.export makes of a model, saved by torch.export.save."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import torch.export._trace  # torch.export imports it when called: here, before the fork
from torch import Tensor, nn
from torch.export import Dim, ShapesCollection

VERSIONS = ("torch", "numpy")
ENTRY = "exported_program.pt2"
OPTIONS = ()


def export(source: nn.Module, spec: Any, out: Path, options: dict[str, Any]) -> dict[str, Any]:
    """Write `exported_program.pt2`, free axes left free; its inputs and outputs go by position."""
    inputs = tuple(torch.tensor(spec.example[declared.name]) for declared in spec.inputs)
    program = torch.export.export(source, inputs, dynamic_shapes=dynamic_shapes(spec, source, inputs))
    program = program.run_decompositions({})  # Inductor takes no operators in place
    torch.export.save(program, out / ENTRY)
    return {
        "inputs": {declared.name: str(i) for i, declared in enumerate(spec.inputs)},
        "outputs": {declared.name: str(i) for i, declared in enumerate(spec.outputs)},
    }


def dynamic_shapes(spec: Any, model: nn.Module, inputs: tuple[Tensor, ...]) -> Any:
    """The free axes of each input, laid out as torch.export wants them for this model; None where there are none."""
    dims = {name: Dim(name, min=dim.min, max=dim.max) for name, dim in spec.dims.items()}
    shapes = ShapesCollection()
    for tensor, declared in zip(inputs, spec.inputs, strict=True):
        shapes[tensor] = {axis: dims[name] for axis, name in declared.free.items()}
    return shapes.dynamic_shapes(model, inputs) if dims else None
