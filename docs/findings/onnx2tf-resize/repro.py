"""Enlarges an image of 4 by 4 pixels by nearest pixels, 2.5 times."""

import tempfile
from typing import Any

import numpy as np
import onnx
import onnx2tf
import tensorflow as tf
from onnxruntime import InferenceSession


def converted(model: onnx.ModelProto) -> Any:
    return onnx2tf.convert(
        onnx_graph=model,
        output_folder_path=tempfile.mkdtemp(),
        keep_shape_absolutely_input_names=["x"],
        not_use_onnxsim=True,
        disable_model_save=True,
        verbosity="error",
    )


GRAPH = """
<ir_version: 9, opset_import: ["" : 18]>
g (float[1, 1, 4, 4] x) => (float[1, 1, 10, 10] y)
<float[4] scales = {1, 1, 2.5, 2.5}>
{ y = Resize <mode = "nearest", coordinate_transformation_mode = "asymmetric", nearest_mode = "floor"> (x, , scales) }
"""


def main() -> str:
    model = onnx.parser.parse_model(GRAPH)
    onnx.checker.check_model(model)
    x = np.arange(16, dtype=np.float32).reshape(1, 1, 4, 4)
    (expected,) = InferenceSession(model.SerializeToString()).run(None, {"x": x})
    answer = np.asarray(converted(model)({"x": tf.constant(x)})).reshape(expected.shape)
    error = np.abs(answer - expected).max() / np.abs(expected).max()
    if error > 1e-3:
        return f"still there: off by {error:.2g} of the largest value"
    return "gone: the answers agree"


print(main())
