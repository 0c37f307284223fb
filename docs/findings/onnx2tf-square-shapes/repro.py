"""Flattens a map of 16 by 16, as a convolution gave it."""

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
g (float[1, 1, 16, 16] x) => (float[256] y)
<float[1, 1, 1, 1] w = {1}, int64[1] channel = {1}, int64[1] flat = {-1}>
{
  map = Conv (x, w)
  square = Squeeze (map, channel)
  y = Reshape (square, flat)
}
"""


def main() -> str:
    model = onnx.parser.parse_model(GRAPH)
    onnx.checker.check_model(model)
    x = np.arange(256, dtype=np.float32).reshape(1, 1, 16, 16)
    (expected,) = InferenceSession(model.SerializeToString()).run(None, {"x": x})
    answer = np.asarray(converted(model)({"x": tf.constant(x)})).reshape(expected.shape)
    error = np.abs(answer - expected).max() / np.abs(expected).max()
    if error > 1e-3:
        return f"still there: off by {error:.2g} of the largest value"
    return "gone: the answers agree"


print(main())
