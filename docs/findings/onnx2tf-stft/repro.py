"""Converts a short-time Fourier transform of 256 samples."""

import tempfile
from typing import Any

import onnx
import onnx2tf


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
g (float[1, 256, 1] x) => (float[1, 13, 33, 2] y)
<int64 step = {16}, float[64] window = {64 ONES}>
{ y = STFT <onesided = 1> (x, step, window) }
"""


def main() -> str:
    model = onnx.parser.parse_model(GRAPH.replace("64 ONES", ", ".join(["1"] * 64)))
    onnx.checker.check_model(model)
    try:
        converted(model)
    except (Exception, SystemExit) as error:
        return f"still there: {type(error).__name__}: {str(error).splitlines()[0][:90]}"
    return "gone: it converts the graph"


print(main())
