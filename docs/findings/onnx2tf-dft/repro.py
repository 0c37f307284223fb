"""Converts a Fourier transform along the second axis of three."""

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
<ir_version: 9, opset_import: ["" : 20]>
g (float[1, 16, 8, 2] x) => (float[1, 16, 8, 2] y)
<int64 axis = {1}>
{ y = DFT (x, , axis) }
"""


def main() -> str:
    model = onnx.parser.parse_model(GRAPH)
    onnx.checker.check_model(model)
    try:
        converted(model)
    except (Exception, SystemExit) as error:
        return f"still there: {type(error).__name__}: {str(error).splitlines()[0][:90]}"
    return "gone: it converts the graph"


print(main())
