"""SavedModel → ONNX by tf2onnx, inputs and outputs by their names in the signature `serving_default`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import onnx
import tensorflow as tf
import tf2onnx

ENTRY = "model.onnx"
OPTIONS = ("opset",)
VERSIONS = ("tf2onnx", "tensorflow", "onnx", "numpy")


def export(source: Path, spec: Any, out: Path, options: dict[str, Any]) -> dict[str, Any]:
    """Write `model.onnx`, weights inside.

    options: opset, the version of ONNX's operator set; tf2onnx's own choice where it is not given.
    Raises onnx.checker.ValidationError when the file is not valid ONNX: tf2onnx leaves operators in that it lacks.
    """
    loaded = tf.saved_model.load(str(source))  # kept to the end: the signature's variables die with it
    signature = loaded.signatures["serving_default"]
    specs = [signature.structured_input_signature[1][t["name"]] for t in spec.source_signature["inputs"].values()]

    @tf.function(input_signature=specs)
    def serve(*tensors: tf.Tensor) -> dict[str, tf.Tensor]:
        return signature(**{given.name: tensor for given, tensor in zip(specs, tensors, strict=True)})

    model, _ = tf2onnx.convert.from_function(serve, input_signature=specs, opset=options.get("opset"))
    onnx.save(model, out / ENTRY)
    onnx.checker.check_model(out / ENTRY, full_check=True)
    return spec.source_signature
