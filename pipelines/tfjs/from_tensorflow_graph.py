"""SavedModel of TensorFlow's own operators → TensorFlow.js graph model, as any SavedModel."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any


def beside(name: str) -> Any:
    """The module of a file of this folder, which is no place to import from."""
    spec = importlib.util.spec_from_file_location(f"deploymatrix_tfjs_{name}", Path(__file__).parent / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


exporter = beside("from_savedmodel")

VERSIONS, ENTRY, OPTIONS, export = exporter.VERSIONS, exporter.ENTRY, exporter.OPTIONS, exporter.export
