"""ONNX → MNN by mnnconvert, inputs and outputs named as in the ONNX graph."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path
from typing import Any

import _tools  # mnnconvert; MNN.tools, which wraps it, lets pip install a logger and sends what was converted
import numpy as np
import onnx
from MNN import nn
from onnx import helper, numpy_helper

VERSIONS = ("mnn", "onnx", "numpy")
ENTRY = "model.mnn"
OPTIONS = ()
DTYPES = {"int64": "int32", "bool": "int32", "float64": "float32"}  # those that MNN lacks


def export(source: Path, spec: Any, out: Path, options: dict[str, Any]) -> dict[str, Any]:
    """Write `model.mnn`, weights in float32.

    Raises ValueError when mnnconvert refuses the graph, which it says in the log alone, or when the file's inputs and
    outputs are not the graph's.
    """
    model = onnx.load(source)
    repairs = ["mnn-gelu"] if write_gelu_by_erf(model.graph) else []
    with tempfile.NamedTemporaryFile(suffix=".onnx") as file:
        onnx.save(model, file.name)
        command = ["mnnconvert", "-f", "ONNX", "--modelFile", file.name, "--MNNModel", str(out / ENTRY)]
        # Without the last one it unrolls a recurrent layer, and dies by a signal where one lacks `sequence_lens`.
        written = _tools.mnnconvert([*command, "--bizCode", "", "--useOriginRNNImpl"])
    if not written or not (out / ENTRY).is_file():
        raise ValueError("mnnconvert refuses the graph: the log says why")
    require_names(out / ENTRY, spec.source_signature)
    signature = spec.source_signature.items()
    return {**{group: {n: in_mnn(t) for n, t in tensors.items()} for group, tensors in signature}, "repairs": repairs}


def write_gelu_by_erf(graph: onnx.GraphProto) -> bool:
    """Write GELU, exact as it is in ONNX, as x/2 + x/2 · erf(x/√2), and tell whether there is one.

    MNN's own is off by 1e-4, and it takes x/2 · (1 + erf(x/√2)) for one: docs/findings/mnn-gelu/finding.md.
    """
    found = [node for node in graph.node if node.op_type == "Gelu" and not any(a.s == b"tanh" for a in node.attribute)]
    for name, value in (("mnn_half", 0.5), ("mnn_root", math.sqrt(0.5))) if found else ():
        graph.initializer.append(numpy_helper.from_array(np.array(value, np.float32), name))
    for node in found:
        [x], [y] = node.input, node.output
        half, scaled, erf, part = (f"{y}/{name}" for name in ("half", "scaled", "erf", "part"))
        parts = (("Mul", [x, "mnn_half"], half), ("Mul", [x, "mnn_root"], scaled), ("Erf", [scaled], erf))
        nodes = [*parts, ("Mul", [half, erf], part), ("Add", [half, part], y)]
        at = list(graph.node).index(node)
        graph.node.remove(node)
        for place, (kind, inputs, output) in enumerate(nodes):
            graph.node.insert(at + place, helper.make_node(kind, inputs, [output]))
    return bool(found)


def require_names(file: Path, signature: Any) -> None:
    found = nn.load_module_from_file(str(file), [], []).get_info()
    for group, names in (("inputs", found["inputNames"]), ("outputs", found["outputNames"])):
        wanted = sorted(tensor["name"] for tensor in signature[group].values())
        if sorted(names) != wanted:
            raise ValueError(f"the MNN file has {group} {sorted(names)}; the ONNX graph has {wanted}")


def in_mnn(tensor: dict[str, Any]) -> dict[str, Any]:
    return {**tensor, "dtype": DTYPES.get(tensor["dtype"], tensor["dtype"])}
