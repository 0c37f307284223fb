"""Converts a loop that gives its state after each of three rounds, as lax.scan does."""

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
g (float[4] x) => (float[4] y, float[3, 4] states)
<int64 rounds = {3}, bool first = {1}>
{
  y, states = Loop <body = halving (int64 round, bool before, float[4] state)
    => (bool more, float[4] next, float[4] state_out)
  <float half = {0.5}>
  {
    more = Identity (before)
    next = Mul (state, half)
    state_out = Identity (next)
  }> (rounds, first, x)
}
"""


def main() -> str:
    model = onnx.parser.parse_model(GRAPH)
    onnx.checker.check_model(model)
    try:
        converted(model)
    except (Exception, SystemExit) as error:
        told = str(error)[max(str(error).find("Attempting"), 0) :]
        return f"still there: {type(error).__name__}: {told.splitlines()[0][:59]}"
    return "gone: it converts the graph"


print(main())
