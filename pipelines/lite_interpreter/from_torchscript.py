"""TorchScript → a .ptl file for PyTorch Mobile's lite interpreter, which PyTorch has deprecated."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

VERSIONS = ("torch", "numpy")
ENTRY = "model.ptl"
OPTIONS = ()


def export(source: Path, spec: Any, out: Path, options: dict[str, Any]) -> dict[str, Any]:
    """Write `model.ptl`; its inputs and outputs go by position.

    Not optimised: torch.utils.mobile_optimizer needs an XNNPACK that PyTorch's wheels are built without.
    """
    torch.jit.load(str(source), map_location="cpu").eval()._save_for_lite_interpreter(str(out / ENTRY))
    return dict(spec.source_signature)
