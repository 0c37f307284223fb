"""ONNX → OpenVINO IR, inputs and outputs named as in the ONNX graph."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openvino

VERSIONS = ("openvino", "numpy")
ENTRY = "openvino"
OPTIONS = ()


def export(source: Path, spec: Any, out: Path, options: dict[str, Any]) -> dict[str, Any]:
    """Write the folder `openvino`: openvino_model.xml and its weights in float32, free axes left free.

    Raises RuntimeError when the IR lacks an input or output of the ONNX graph.
    """
    model = openvino.convert_model(source)
    signature = spec.source_signature
    for find, tensors in ((model.input, signature["inputs"]), (model.output, signature["outputs"])):
        for tensor in tensors.values():
            find(tensor["name"]).set_names({tensor["name"]})  # one that is read twice bears several
    file = out / ENTRY / "openvino_model.xml"
    openvino.save_model(model, file, compress_to_fp16=False)  # which is its default
    return dict(signature)
