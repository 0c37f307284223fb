"""TorchScript → a Core ML package, an ML program in float32 for iOS 17 and macOS 14 and later."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import coremltools as ct
import numpy as np
import torch

VERSIONS = ("coremltools", "torch", "numpy")
ENTRY = "model.mlpackage"
OPTIONS = ()
OTHERS = {"int64": "int32", "float64": "float32", "bool": "float32", "uint8": "int32"}  # Core ML has none of these


def export(source: Path, spec: Any, out: Path, options: dict[str, Any]) -> dict[str, Any]:
    """Write the folder `model.mlpackage`, inputs and outputs named as declared, for inputs of one size.

    It is not run: Core ML is part of macOS and iOS alone. Raises ValueError when the package's inputs and outputs are
    not the declared ones.
    """
    model = ct.convert(
        torch.jit.load(str(source), map_location="cpu").eval(),
        inputs=[ct.TensorType(t.name, spec.example[t.name].shape, np.dtype(dtype_of(t))) for t in spec.inputs],
        outputs=[ct.TensorType(t.name) for t in spec.outputs],
        convert_to="mlprogram",
        compute_precision=ct.precision.FLOAT32,
        minimum_deployment_target=ct.target.iOS17,
        skip_model_load=True,
    )
    description = model.get_spec().description
    for found, declared in ((description.input, spec.inputs), (description.output, spec.outputs)):
        if [tensor.name for tensor in found] != [tensor.name for tensor in declared]:
            raise ValueError(f"the package has {[t.name for t in found]}; the model {[t.name for t in declared]}")
    model.save(str(out / ENTRY))
    return {
        "inputs": {t.name: {"name": t.name, "dtype": dtype_of(t)} for t in spec.inputs},
        "outputs": {t.name: {"name": t.name, "dtype": dtype_of(t)} for t in spec.outputs},
        "static": list(spec.dims),
    }


def dtype_of(declared: Any) -> str:
    return OTHERS.get(declared.dtype, declared.dtype)
