"""PyTorch → ONNX, by the exporter that is based on torch.export."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import onnx
import onnxscript.function_libs.torch_lib.ops  # noqa: F401  (the exporter imports it when called: here, before the fork)
import torch
import torch.export._trace  # as above; together 3 s
from torch import Tensor, nn
from torch.export import Dim, ShapesCollection

VERSIONS = ("torch", "onnx", "onnxscript", "numpy")
ENTRY = "model.onnx"
OPTIONS = ("opset", "ir_version")
WITH_FUNCTIONS = 8  # the IR version that brought functions of a model's own


def beside(name: str) -> Any:
    """The module of a file of this folder, which is no place to import from."""
    path = Path(__file__).parent / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"deploymatrix_onnx_{name}", path)
    assert spec is not None and spec.loader is not None
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)  # torch.compile imports it by its name
    spec.loader.exec_module(module)
    return module


torch_rewrites = beside("torch_rewrites")


def export(source: nn.Module, spec: Any, out: Path, options: dict[str, Any]) -> dict[str, Any]:
    """Write `model.onnx`, weights inside, inputs and outputs named as declared.

    options: opset, the version of ONNX's operator set; ir_version, that of the file format, which older runtimes ask
    for; the exporter's own choice where they are not given.
    Raises onnx.checker.ValidationError when the file is not valid ONNX; ValueError for an ir_version that lacks what
    the file uses.
    """
    inputs = tuple(torch.tensor(spec.example[declared.name]) for declared in spec.inputs)
    with torch_rewrites.Rewritten() as rewritten:
        torch.onnx.export(
            source,
            inputs,
            out / ENTRY,
            input_names=[declared.name for declared in spec.inputs],
            output_names=[declared.name for declared in spec.outputs],
            opset_version=options.get("opset"),
            dynamo=True,
            dynamic_shapes=dynamic_shapes(spec, source, inputs),
            external_data=False,
            verbose=False,
        )
    if "ir_version" in options:
        declare_ir(out / ENTRY, options["ir_version"])
    onnx.checker.check_model(out / ENTRY, full_check=True)
    return {
        "inputs": {declared.name: declared.name for declared in spec.inputs},
        "outputs": {declared.name: declared.name for declared in spec.outputs},
        "repairs": rewritten.repairs,
    }


def declare_ir(path: Path, wanted: int) -> None:
    """Declare another version of the file format, where that has all that the file uses."""
    model = onnx.load(path)
    least = onnx.helper.find_min_ir_version_for(list(model.opset_import), ignore_unknown=True)
    least = max(least, WITH_FUNCTIONS) if model.functions else least
    if wanted < least:
        opsets = ", ".join(f"{entry.domain or 'ai.onnx'} {entry.version}" for entry in model.opset_import)
        raise ValueError(f"ir_version = {wanted}: {opsets} needs at least {least}; give a lower opset, too")
    model.ir_version = wanted
    onnx.save(model, path)


def dynamic_shapes(spec: Any, model: nn.Module, inputs: tuple[Tensor, ...]) -> Any:
    """The free axes of each input, laid out as torch.export wants them for this model; None where there are none."""
    dims = {name: Dim(name, min=dim.min, max=dim.max) for name, dim in spec.dims.items()}
    shapes = ShapesCollection()
    for tensor, declared in zip(inputs, spec.inputs, strict=True):
        shapes[tensor] = {axis: dims[name] for axis, name in declared.free.items()}
    return shapes.dynamic_shapes(model, inputs) if dims else None
