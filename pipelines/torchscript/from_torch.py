"""PyTorch → TorchScript, by tracing or by scripting."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import torch
import torch.distributed.tensor  # torch.jit.trace imports it to check a trace, 2 s: here, once, before the fork
import torch.export._trace  # torch.export imports it when called: as above
from torch import Tensor, nn

VERSIONS = ("torch", "numpy")
ENTRY = "model.pt"
OPTIONS = ("method",)


def beside(name: str) -> Any:
    """The module of a file of this folder, which is no place to import from."""
    path = Path(__file__).parent / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"deploymatrix_torchscript_{name}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


control_flow, variants = beside("control_flow"), beside("variants")


def export(source: nn.Module, spec: Any, out: Path, options: dict[str, Any]) -> dict[str, Any]:
    """Write `model.pt`; its inputs and outputs go by position.

    options: method, "trace" (default) or "script". A trace is checked on a second sample: Untraceable is raised when it
    differs from the model there.
    """
    source = variants.of(source, spec.variant)
    method = options.get("method", "trace")
    repairs: list[str] = []
    static: list[str] = []
    if method == "trace":
        samples = [tuple(torch.tensor(sample[i.name]) for i in spec.inputs) for sample in spec.samples]
        try:
            program = traced(source, samples[0], samples[1:2])
        except RuntimeError as error:
            if "dynamo-optimized" not in str(error):
                raise
            inputs = tuple(torch.tensor(spec.example[i.name]) for i in spec.inputs)
            program = with_control_flow(source, inputs, samples)
            repairs, static = ["torchscript-control-flow"], list(spec.dims)
    elif method == "script":
        program = torch.jit.script(source)
    else:
        raise ValueError(f'options.method is {method!r}: it must be "trace" or "script"')
    program.save(str(out / ENTRY))
    return {
        "inputs": {declared.name: str(i) for i, declared in enumerate(spec.inputs)},
        "outputs": {declared.name: str(i) for i, declared in enumerate(spec.outputs)},
        "repairs": repairs,
        "static": static,
    }


def with_control_flow(model: nn.Module, inputs: tuple[Tensor, ...], samples: list[tuple[Tensor, ...]]) -> Any:
    """The trace of a model that holds torch.cond or while_loop, at the sizes of its inputs; checked as another is."""
    scripted = control_flow.Scripted(torch.export.export(model, inputs), inputs)
    sizes = [tensor.shape for tensor in inputs]
    alike = [sample for sample in samples[1:] if [tensor.shape for tensor in sample] == sizes]
    return traced(scripted, inputs, alike[:1])


class Untraceable(Exception):
    """A model that no trace can stand for."""


def traced(model: nn.Module, inputs: tuple[Tensor, ...], further: list[tuple[Tensor, ...]]) -> Any:
    try:
        return torch.jit.trace(model, inputs, check_inputs=further)
    except torch.jit.TracingCheckError as error:
        print(error)  # what differs, in torch's words
        why = next((line for line in str(error).splitlines() if line.startswith("ERROR: ")), str(error))
        raise Untraceable(
            "a trace keeps one way through the model's Python code, and the second sample takes another than the first "
            f"({why.removeprefix('ERROR: ').strip()}): choose by torch.where or torch.cond instead of `if`; or, if "
            'TorchScript understands the code, write options = { method = "script" } under [routes.torchscript] in '
            "model.toml"
        ) from None
