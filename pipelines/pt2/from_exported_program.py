"""An exported program → a .pt2 package by AOTInductor: machine code for the instructions of this very CPU."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import torch
import torch._inductor.compile_fx  # imported when called, as are those that it needs: here, before the fork

VERSIONS = ("torch", "numpy")
ENTRY = "model.pt2"
OPTIONS = ()


def export(source: Path, spec: Any, out: Path, options: dict[str, Any]) -> dict[str, Any]:
    """Write `model.pt2`, free axes left free; its inputs and outputs go by position.

    Raises FileNotFoundError where the machine has no g++, which compiles what Inductor writes.
    """
    if shutil.which("g++") is None:
        raise FileNotFoundError("AOTInductor compiles C++, and there is no g++ on PATH: install it (Debian: g++)")
    with torch.no_grad():
        torch._inductor.aoti_compile_and_package(torch.export.load(source), package_path=str(out / ENTRY))
    return dict(spec.source_signature)
