"""Converts GELU to MNN as ONNX has it, and as x/2 + x/2 · erf(x/√2), and compares both with float64."""

import math
import tempfile
from pathlib import Path

import _tools
import numpy as np
import onnx
from MNN import expr, nn
from onnx import TensorProto, helper, numpy_helper

X = np.linspace(-6, 6, 4096, dtype=np.float32).reshape(1, 4096)
EXACT = np.array([x / 2 * (1 + math.erf(x / math.sqrt(2))) for x in X.astype(np.float64).flat]).reshape(X.shape)
BY_ERF = (
    ("Mul", ["x", "half"], "h"),
    ("Mul", ["x", "root"], "s"),
    ("Erf", ["s"], "e"),
    ("Mul", ["h", "e"], "p"),
    ("Add", ["h", "p"], "y"),
)


def main() -> str:
    own, by_erf = error([("Gelu", ["x"], "y")]), error(BY_ERF)
    verdict = "still there" if own > 10 * by_erf else "gone"
    return f"{verdict}: GELU is off by {own:.0e} of its largest value, x/2 + x/2 erf by {by_erf:.0e}"


def error(parts) -> float:
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, X.shape) for name in "xy"]
    constants = {"half": 0.5, "root": math.sqrt(0.5)}
    weights = [numpy_helper.from_array(np.array(value, np.float32), name) for name, value in constants.items()]
    nodes = [helper.make_node(kind, inputs, [output]) for kind, inputs, output in parts]
    graph = helper.make_graph(nodes, "gelu", ends[:1], ends[1:], weights)
    with tempfile.TemporaryDirectory() as folder:
        source, made = Path(folder) / "gelu.onnx", Path(folder) / "gelu.mnn"
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9), source)
        _tools.mnnconvert(["mnnconvert", "-f", "ONNX", "--modelFile", str(source), "--MNNModel", str(made)])
        module = nn.load_module_from_file(str(made), [], [])
        given = expr.placeholder(X.shape, expr.NCHW, expr.float)
        given.write(X)
        return float(np.abs(module.onForward([given])[0].read() - EXACT).max() / np.abs(EXACT).max())


print(main())
