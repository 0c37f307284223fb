"""An exported program → OpenVINO IR without ONNX, inputs and outputs named as declared."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openvino
import torch

VERSIONS = ("openvino", "torch", "numpy")
ENTRY = "openvino"
OPTIONS = ()


def export(source: Path, spec: Any, out: Path, options: dict[str, Any]) -> dict[str, Any]:
    """Write the folder `openvino`: openvino_model.xml and its weights in float32, free axes left free.

    Raises ValueError when the IR has another number of inputs or outputs than the model declares.
    """
    model = openvino.convert_model(torch.export.load(source))
    for ports, declared in ((model.inputs, spec.inputs), (model.outputs, spec.outputs)):
        for port, tensor in zip(ports, declared, strict=True):
            port.set_names({tensor.name})
    openvino.save_model(model, out / ENTRY / "openvino_model.xml", compress_to_fp16=False)  # which is its default
    return {
        "inputs": {declared.name: declared.name for declared in spec.inputs},
        "outputs": {declared.name: declared.name for declared in spec.outputs},
    }
