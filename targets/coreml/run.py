"""Runs a Core ML package with the Core ML of macOS, on the processor alone.

The GPU and the Neural Engine may compute in half precision, which a program in float32 does not ask for.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import coremltools as ct
import numpy as np

VERSIONS = ("coremltools", "numpy")
DTYPES = {65552: "float16", 65568: "float32", 65600: "float64", 131104: "int32", 131080: "int8"}  # of ArrayFeatureType


def load(payload: Path) -> ct.models.MLModel:
    return ct.models.MLModel(str(payload), compute_units=ct.ComputeUnit.CPU_ONLY)


def run(session: ct.models.MLModel, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Outputs by name."""
    return {name: np.asarray(answer) for name, answer in session.predict(inputs).items()}


def describe(session: ct.models.MLModel) -> dict[str, dict[str, dict[str, Any]]]:
    """Inputs and outputs by name. The shape of an output of a program may be left open."""
    ends = session.get_spec().description
    return {"inputs": described(ends.input), "outputs": described(ends.output)}


def described(features: Any) -> dict[str, dict[str, Any]]:
    arrays = {feature.name: feature.type.multiArrayType for feature in features}
    return {name: {"dtype": DTYPES.get(a.dataType), "shape": list(a.shape) or None} for name, a in arrays.items()}
