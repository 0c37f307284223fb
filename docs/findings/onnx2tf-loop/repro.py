"""Converts a loop that halves its state while the sum is over 1."""

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
g (float[4] x) => (float[4] y)
<bool first = {1}>
{
  y = Loop <body = halving (int64 round, bool before, float[4] state) => (bool more, float[4] next)
  <float half = {0.5}, float one = {1}>
  {
    next = Mul (state, half)
    sum = ReduceSum <keepdims = 0> (next)
    more = Greater (sum, one)
  }> ( , first, x)
}
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
