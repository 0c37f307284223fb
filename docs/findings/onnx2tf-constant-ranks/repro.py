"""Multiplies a tensor of rank 4 by a constant of rank 2."""

import re
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
g (float[1, 24, 16] x) => (float[1, 24, 32, 8] y)
<float[16, 32] w = {512 ONES}, float[32, 8] c = {256 ONES}, int64[1] last = {-1}>
{
  row = MatMul (x, w)
  column = Unsqueeze (row, last)
  y = Mul (c, column)
}
"""
COUNT = re.compile(r"(\d+) ONES")


def main() -> str:
    model = onnx.parser.parse_model(COUNT.sub(lambda count: ", ".join(["1"] * int(count[1])), GRAPH))
    onnx.checker.check_model(model)
    try:
        converted(model)
    except (Exception, SystemExit) as error:
        return f"still there: {type(error).__name__}: {str(error).splitlines()[0][:90]}"
    return "gone: it converts the graph"


print(main())
