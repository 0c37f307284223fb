"""ONNX → SavedModel by onnx2tf, with the declared names, shapes and layout instead of TensorFlow's channels-last."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnx2tf
import tensorflow as tf
from onnx2tf import onnx2tf as converter

ENTRY = "saved_model"
VERSIONS = ("onnx2tf", "tensorflow", "onnx", "numpy")


def export(source: Path, spec: Any, out: Path, options: dict[str, Any]) -> dict[str, Any]:
    """Write the folder `saved_model` with one signature, `serving_default`, of the declared names and shapes.

    options are handed to onnx2tf.convert(). Raises ValueError when the network's inputs are not the ONNX graph's.
    """
    converter.download_test_image_data = noise_images
    signature = spec.source_signature
    model = onnx.load(source)
    flatten_outputs(model.graph)
    network = onnx2tf.convert(
        onnx_graph=model,
        output_folder_path=str(out / "onnx2tf"),
        keep_shape_absolutely_input_names=[tensor["name"] for tensor in signature["inputs"].values()],
        not_use_onnxsim=True,  # it would run a program of that name from PATH
        disable_model_save=True,  # saved below; its own way also makes two .tflite files, in minutes for a ResNet-18
        verbosity="error",
        **options,
    )
    module = tf.Module()
    module.network = network
    module.serve = serving_function(network, signature)
    tf.saved_model.save(module, str(out / ENTRY), signatures={"serving_default": module.serve})
    (out / "onnx2tf").rmdir()
    return {group: {name: described(name, signature[group][name]) for name in signature[group]} for group in signature}
