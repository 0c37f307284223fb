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
    source, exact = variants.of(source, spec)
    program, static = programmed(source, spec, options, torch.float32)
    program.save(str(out / ENTRY))
    if exact is not None:
        (out / "evaluated").mkdir()
        computes_in = "float16" if spec.variant == "fp16" else "float32"
        programmed(exact, spec, options, torch.float64)[0].save(str(out / "evaluated" / f"{computes_in}.pt"))
    return {
        "inputs": {declared.name: str(i) for i, declared in enumerate(spec.inputs)},
        "outputs": {declared.name: str(i) for i, declared in enumerate(spec.outputs)},
        "repairs": ["torchscript-control-flow"] if static is not None else [],
        "static": static or [],
    }


def programmed(model: nn.Module, spec: Any, options: dict[str, Any], dtype: torch.dtype) -> tuple[Any, Any]:
    """The program of a model that takes inputs of this dtype; of one with control flow also the dims that it fixes."""
    method = options.get("method", "trace")
    if method == "script":
        return torch.jit.script(model), None
    if method != "trace":
        raise ValueError(f'options.method is {method!r}: it must be "trace" or "script"')
    samples = [inputs_in(spec, sample, dtype) for sample in spec.samples]
    try:
        return traced(model, samples[0], samples[1:2]), None
    except RuntimeError as error:
        if "dynamo-optimized" not in str(error):
            raise
        return with_control_flow(model, inputs_in(spec, spec.example, dtype), samples), list(spec.dims)


def inputs_in(spec: Any, sample: Any, dtype: torch.dtype) -> tuple[Tensor, ...]:
    """A sample's tensors, those of float32 in this dtype."""
    tensors = [torch.tensor(sample[declared.name]) for declared in spec.inputs]
    return tuple(tensor.to(dtype) if tensor.dtype == torch.float32 else tensor for tensor in tensors)


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
