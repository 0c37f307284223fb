"""SavedModel → ONNX by tf2onnx, inputs and outputs by their names in the signature `serving_default`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import onnx
import tensorflow as tf
from tf2onnx import convert, tf_loader

ENTRY = "model.onnx"
VERSIONS = ("tf2onnx", "tensorflow", "onnx")


def export(source: Path, spec: Any, out: Path, options: dict[str, Any]) -> dict[str, Any]:
    """Write `out/model.onnx`. Options: opset (int), by default tf2onnx's own.

    Raises ValueError when the graph lacks a declared input or output.
    """
    graph, inputs, outputs, tables, renames = tf_loader.from_saved_model(
        str(source), None, None, tag=["serve"], signatures=["serving_default"],
        return_initialized_tables=True, return_tensors_to_rename=True,
    )
    with tf.device("/cpu:0"):
        model, _ = convert._convert_common(
            graph, name=spec.name, opset=options.get("opset"), input_names=inputs, output_names=outputs,
            tensors_to_rename=renames, initialized_tables=tables,
        )
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, out / ENTRY)
    return {
        "inputs": {d.name: d.name for d in spec.inputs}, "outputs": {d.name: d.name for d in spec.outputs}
    }
