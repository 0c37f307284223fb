"""Converts hidden.onnx, which make.py wrote, and looks at the shape of its output."""

import onnx
import onnx2tf


def main() -> str:
    (output,) = onnx.load("hidden.onnx").graph.output
    declared = tuple(dimension.dim_value for dimension in output.type.tensor_type.shape.dim)
    network = onnx2tf.convert(
        "hidden.onnx",
        keep_shape_absolutely_input_names=["series"],
        not_use_onnxsim=True,
        disable_model_save=True,
        verbosity="error",
    )
    if network.output_shape != declared:
        return f"still there: ONNX declares {declared}, onnx2tf gives {network.output_shape}"
    return f"gone: the output has the declared shape {declared}"


print(main())
