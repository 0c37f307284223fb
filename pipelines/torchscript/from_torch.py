"""PyTorch → TorchScript, by tracing or by scripting."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import torch.distributed.tensor  # torch.jit.trace imports it to check a trace, 2 s: here, once, before the fork
from torch import nn

VERSIONS = ("torch", "numpy")
ENTRY = "model.pt"
OPTIONS = ("method",)


def export(source: nn.Module, spec: Any, out: Path, options: dict[str, Any]) -> dict[str, Any]:
    """Write `model.pt`; its inputs and outputs go by position.

    options: method, "trace" (default) or "script". A trace is checked on a second sample:
    torch.jit.TracingCheckError is raised when it differs from the model there.
    """
    method = options.get("method", "trace")
    if method == "trace":
        samples = [tuple(torch.tensor(sample[i.name]) for i in spec.inputs) for sample in spec.samples]
        program = torch.jit.trace(source, samples[0], check_inputs=samples[1:2])
    elif method == "script":
        program = torch.jit.script(source)
    else:
        raise ValueError(f'options.method is {method!r}: it must be "trace" or "script"')
    program.save(str(out / ENTRY))
    return {
        "inputs": {declared.name: str(i) for i, declared in enumerate(spec.inputs)},
        "outputs": {declared.name: str(i) for i, declared in enumerate(spec.outputs)},
    }
