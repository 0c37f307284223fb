"""Splits a tensor into nine parts and into ten, and runs both with ONNX Runtime Web on WebGPU."""

import os
import subprocess
from pathlib import Path

import onnx
from onnx import TensorProto, helper


def save(parts: int) -> Path:
    names = [f"part{number}" for number in range(parts)]
    nodes = [helper.make_node("Split", ["x"], names, num_outputs=parts), helper.make_node("Sum", names, ["y"])]
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [parts, 4])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 4])
    graph = helper.make_graph(nodes, "split", [x], [y])
    path = Path(f"split{parts}.onnx").absolute()
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10), path)
    return path


def problem_of(parts: int) -> str | None:
    """What ONNX Runtime says against the split; None where it runs."""
    node = Path(os.environ["DEPLOYMATRIX_PROGRAMS"]) / "node"
    command = [node, Path(__file__).with_name("run.mjs"), save(parts), str(parts)]
    done = subprocess.run(command, capture_output=True, text=True)
    lines = (done.stdout + done.stderr).splitlines()
    return next((line for line in lines if "Too many" in line), done.stderr) if done.returncode else None


def main() -> str:
    nine, ten = problem_of(9), problem_of(10)
    if nine is not None:
        return f"nine parts fail, too: {nine}"
    return f"still there: {ten[ten.index('Too many') :].split('. ')[0]}" if ten else "gone: ten parts are split"


print(main())
