"""What asks a model's metric.py: a runner, as a target's run.py is, whose payload is that file.

A worker of the model's framework runs it, in a child of its own; it sees the standard library and numpy. Each sample
holds all labelled samples, as one of float64, float32 and the artifact answers them: `output.<name>`, `label.<name>`.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

VERSIONS = ("numpy",)


def load(payload: Path) -> ModuleType:
    """Return the user's module. Raise TypeError unless it defines score()."""
    sys.path.insert(0, str(payload.parent))
    spec = importlib.util.spec_from_file_location("deploymatrix_metric", payload)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    if not callable(getattr(module, "score", None)):
        raise TypeError(f"{payload.name} does not define score(outputs, labels)")
    return module


def run(session: ModuleType, inputs: dict[str, Any]) -> dict[str, Any]:
    """Return what score() gives, as a float64. Raise TypeError for anything but a number."""
    outputs, labels = (
        {name.partition(".")[2]: array for name, array in inputs.items() if name.startswith(group)}
        for group in ("output.", "label.")
    )
    score = session.score(outputs, labels)
    if isinstance(score, bool) or not isinstance(score, (int, float, np.floating, np.integer)):
        raise TypeError(f"score() gave {type(score).__name__}; it must give a float")
    return {"score": np.array(score, np.float64)}
