"""PyTorch → ExecuTorch with no delegate: the portable kernels run every operator."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

from torch import nn

EXPORTER = "../executorch/from_torch.py"


def of_neighbour(name: str) -> Any:
    """The module of a step of another format, which is no place to import from."""
    spec = importlib.util.spec_from_file_location("deploymatrix_executorch_from_torch", Path(__file__).parent / name)
    assert spec is not None and spec.loader is not None
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


exporter = of_neighbour(EXPORTER)

VERSIONS, ENTRY, OPTIONS = exporter.VERSIONS, exporter.ENTRY, ()


def export(source: nn.Module, spec: Any, out: Path, options: dict[str, Any]) -> Any:
    """Write `model.pte`; its inputs and outputs go by position."""
    return exporter.export(source, spec, out, {"xnnpack": False})
