"""Imports an ONNX graph of one LSTM."""

import numpy as np
import tvm
from onnx import TensorProto, helper, numpy_helper
from tvm.relax.frontend.onnx import from_onnx


def main() -> str:
    ends = [
        helper.make_tensor_value_info("x", TensorProto.FLOAT, (12, 1, 16)),
        helper.make_tensor_value_info("y", TensorProto.FLOAT, (12, 1, 1, 32)),
    ]
    weights = {"w": (1, 128, 16), "r": (1, 128, 32), "b": (1, 256)}
    tensors = [numpy_helper.from_array(np.ones(shape, np.float32), name) for name, shape in weights.items()]
    layer = helper.make_node("LSTM", ["x", *weights], ["y"], hidden_size=32)
    graph = helper.make_graph([layer], "lstm", ends[:1], ends[1:], tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    try:
        from_onnx(model)
    except tvm.error.OpNotImplemented as error:
        return f"still there: {error}"
    return "gone: an LSTM is imported"


print(main())
