"""ONNX → SavedModel of TensorFlow's own operators, as pipelines/savedmodel makes it."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

EXPORTER = "../savedmodel/from_onnx.py"


def of_neighbour(name: str) -> Any:
    """The module of a step of another format, which is no place to import from."""
    spec = importlib.util.spec_from_file_location("deploymatrix_savedmodel_from_onnx", Path(__file__).parent / name)
    assert spec is not None and spec.loader is not None
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


exporter = of_neighbour(EXPORTER)

VERSIONS, ENTRY, OPTIONS, export = exporter.VERSIONS, exporter.ENTRY, exporter.OPTIONS, exporter.export
