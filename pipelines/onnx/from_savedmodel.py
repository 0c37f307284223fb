"""SavedModel → ONNX by tf2onnx, inputs and outputs by their names in the signature `serving_default`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import tensorflow as tf
import tf2onnx
from onnx import numpy_helper

ENTRY = "model.onnx"
OPTIONS = ("opset",)
VERSIONS = ("tf2onnx", "tensorflow", "onnx", "numpy")


def export(source: Path, spec: Any, out: Path, options: dict[str, Any]) -> dict[str, Any]:
    """Write `model.onnx`, weights inside.

    options: opset, the version of ONNX's operator set; tf2onnx's own choice where it is not given.
    Raises onnx.checker.ValidationError when the file is not valid ONNX: tf2onnx leaves operators in that it lacks.
    """
    loaded = tf.saved_model.load(str(source))  # kept to the end: the signature's variables die with it
    signature = loaded.signatures["serving_default"]
    specs = [signature.structured_input_signature[1][t["name"]] for t in spec.source_signature["inputs"].values()]
    repairs: set[str] = set()

    @tf.function(input_signature=specs)
    def serve(*tensors: tf.Tensor) -> dict[str, tf.Tensor]:
        return signature(**{given.name: tensor for given, tensor in zip(specs, tensors, strict=True)})

    def write_erfc(graph: Any, node: Any, name: str, arguments: Any) -> None:
        write_as_difference(graph, node)
        repairs.add("tf2onnx-erfc")

    model, _ = tf2onnx.convert.from_function(
        serve, input_signature=specs, opset=options.get("opset"), custom_op_handlers={"Erfc": (write_erfc, [])}
    )
    if hold_captures(model.graph, serve.get_concrete_function().graph.captures):
        repairs.add("tf2onnx-captured-constants")
    onnx.save(model, out / ENTRY)
    onnx.checker.check_model(out / ENTRY, full_check=True)
    return {**spec.source_signature, "repairs": sorted(repairs)}


def write_as_difference(graph: Any, node: Any) -> None:
    """Write erfc(x), which neither ONNX nor tf2onnx has, as 1 - erf(x) into tf2onnx's graph.

    tf.nn.gelu, and so every exact GELU, is made of it: docs/findings/tf2onnx-erfc/finding.md. The two are equal, but
    the rounding error of the difference, 6e-8, is absolute instead of relative.
    """
    [output], [kind], shapes = node.output, [graph.get_dtype(node.output[0])], node.output_shapes
    one = graph.make_const(f"{node.name}/one", np.ones((), onnx.helper.tensor_dtype_to_np_dtype(kind)))
    erf = graph.make_node("Erf", node.input, shapes=shapes, dtypes=[kind])
    graph.remove_node(node.name)
    operands = [one.output[0], erf.output[0]]
    graph.make_node("Sub", operands, name=node.name, outputs=[output], shapes=shapes, dtypes=[kind])


def hold_captures(graph: onnx.GraphProto, captures: list[tuple[tf.Tensor, tf.Tensor]]) -> bool:
    """Make initializers of the constants that a function captured, and tell whether tf2onnx made inputs of some.

    A caller knows neither their names nor their values: docs/findings/tf2onnx-captured-constants/finding.md
    """
    values = {inner.name: value for value, inner in captures if value.dtype != tf.resource}
    held = [tensor for tensor in graph.input if tensor.name in values]
    for tensor in held:
        graph.input.remove(tensor)
        graph.initializer.append(numpy_helper.from_array(values[tensor.name].numpy(), tensor.name))
    return bool(held)
