"""SavedModel → TensorFlow.js graph model, by the tensorflowjs converter."""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import tempfile
from pathlib import Path
from typing import Any

import tensorflow as tf
from tensorflow.core.framework.function_pb2 import FunctionDef
from tensorflow.core.framework.node_def_pb2 import NodeDef
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel
from tensorflowjs.converters import tf_saved_model_conversion_v2 as converter

ENTRY = "tfjs_model"
OPTIONS = converter.convert_tf_saved_model  # the names of its parameters
VERSIONS = ("tensorflowjs", "tensorflow", "numpy")
INTEGERS = ("DT_INT32", "DT_INT64", "DT_INT8", "DT_UINT8")  # TF.js holds all of them as int32
DTYPES = {"DT_FLOAT": "float32", "DT_BOOL": "bool", **dict.fromkeys(INTEGERS, "int32")}


def beside(name: str) -> Any:
    """The module of a file of this folder, which is no place to import from."""
    spec = importlib.util.spec_from_file_location(f"deploymatrix_tfjs_{name}", Path(__file__).parent / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


graph_rewrites, model_rewrites = beside("graph_rewrites"), beside("model_rewrites")


def export(source: Path, spec: Any, out: Path, options: dict[str, Any]) -> dict[str, Any]:
    """Write the folder `tfjs_model`: model.json and weight shards. Inputs and outputs keep the SavedModel's names.

    options are handed to convert_tf_saved_model(). Raises FileNotFoundError when files are missing, because the
    converter may end without an error and without a model; ValueError when model.json lacks an input or output, or
    gives it a dtype that TensorFlow.js does not have.
    """
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(source, folder, dirs_exist_ok=True)
        repairs = ["tfjs-erfc"] if replace_erfc(Path(folder) / "saved_model.pb") else []
        repairs += convert(folder, out / ENTRY, options)
    model = json.loads((out / ENTRY / "model.json").read_text())
    require_shards(out / ENTRY, model)
    if changed := model_rewrites.rewrite(model["modelTopology"]["node"]):
        (out / ENTRY / "model.json").write_text(json.dumps(model))
        repairs += changed
    repairs += ["tfjs-onednn-layer-norm"] if has_layer_norm(model["modelTopology"]["node"]) else []
    signature = spec.source_signature.items()
    return {
        **{group: described(tensors, model["signature"][group]) for group, tensors in signature},
        "repairs": repairs,
    }


def convert(source: str, out: Path, options: dict[str, Any]) -> list[str]:
    """Convert with all graph rewrites, between the freezing of variables and everything else that the converter does.

    Return the findings that this repairs.
    """
    freeze, repairs = converter._freeze_saved_model_v2, []

    def frozen(*given: Any) -> tf.Graph:
        graph, made = graph_rewrites.rewrite(freeze(*given))
        repairs.extend(made)
        return graph

    converter._freeze_saved_model_v2 = frozen
    try:
        converter.convert_tf_saved_model(source, str(out), signature_def="serving_default", **options)
    finally:
        converter._freeze_saved_model_v2 = freeze
    return repairs


def replace_erfc(path: Path) -> bool:
    """Write erfc(x), an operator that TensorFlow.js lacks, as 1 - erf(x), wherever the SavedModel's functions use it.

    Tell whether they do.

    tf.nn.gelu, and so every exact GELU, is made of it: docs/findings/tfjs-erfc/finding.md. The two are equal, but the
    rounding error of the difference, 6e-8, is absolute instead of relative.
    """
    saved = SavedModel.FromString(path.read_bytes())
    functions = [function for graph in saved.meta_graphs for function in graph.graph_def.library.function]
    found = [(function, node) for function in functions for node in function.node_def if node.op == "Erfc"]
    for function, node in found:
        write_as_difference(function, node)
    path.write_bytes(saved.SerializeToString())
    return bool(found)


def write_as_difference(function: FunctionDef, node: NodeDef) -> None:
    """Turn `node` into a Sub of two new nodes. Its output is then called z, which its consumers must be told."""
    one, erf = f"{node.name}/one", f"{node.name}/erf"
    kind = node.attr["T"].type
    constant = function.node_def.add(name=one, op="Const", device=node.device)
    constant.attr["dtype"].type = kind
    constant.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(1.0, tf.as_dtype(kind)))
    function.node_def.add(name=erf, op="Erf", input=node.input, device=node.device).attr["T"].type = kind
    node.op = "Sub"
    node.input[:] = [f"{one}:output:0", f"{erf}:y:0"]
    for consumer in function.node_def:
        consumer.input[:] = [renamed(name, node) for name in consumer.input]
    for output in function.ret:
        function.ret[output] = renamed(function.ret[output], node)


def renamed(tensor: str, node: NodeDef) -> str:
    return f"{node.name}:z:0" if tensor == f"{node.name}:y:0" else tensor


def has_layer_norm(nodes: list[dict[str, Any]]) -> bool:
    """Tell whether the graph holds rsqrt(mean(squared difference) + …), as a layer normalisation does.

    With oneDNN on, which this environment turns off, grappler makes one operator of it that TensorFlow.js lacks:
    docs/findings/tfjs-onednn-layer-norm/finding.md.
    """
    by_name = {node["name"]: node for node in nodes}

    def sources(node: dict[str, Any], kind: str) -> list[dict[str, Any]]:
        inputs = (by_name.get(name.lstrip("^").split(":")[0]) for name in node.get("input", ()))
        return [source for source in inputs if source is not None and source["op"] == kind]

    return any(
        sources(mean, "SquaredDifference")
        for rsqrt in nodes
        if rsqrt["op"] == "Rsqrt"
        for add in sources(rsqrt, "AddV2")
        for mean in sources(add, "Mean")
    )


def require_shards(folder: Path, model: dict[str, Any]) -> None:
    for name in (name for group in model["weightsManifest"] for name in group["paths"]):
        if not (folder / name).is_file():
            raise FileNotFoundError(f"model.json names the shard {name}, which the converter did not write")


def described(tensors: dict[str, Any], found: dict[str, Any]) -> dict[str, Any]:
    """Name, dtype and shape in the graph model for each declared tensor; `found` is model.json's signature, by name.

    The converter writes some names as they are and some as TensorFlow's tensors are called, with ":0" at the end.
    """
    wanted = sorted(tensor["name"] for tensor in tensors.values())
    names = {unmasked(name.removesuffix(":0"), wanted): name for name in found}
    if set(names) != set(wanted):
        raise ValueError(f"the graph model has {sorted(found)}; the SavedModel has {wanted}")
    return {
        declared: {
            "name": names[tensor["name"]],
            "dtype": dtype_of(found[names[tensor["name"]]]),
            "shape": tensor["shape"],
        }
        for declared, tensor in tensors.items()
    }


def unmasked(name: str, wanted: list[str]) -> str:
    """Return the SavedModel's name of an output that the converter calls by its operation.

    It finds names by dtype and shape, and gives up where two outputs share these. What is left is Identity for the
    first output, Identity_1 for the second, …, in the order in which tf.nest flattens a dictionary: sorted by name.
    """
    place = re.fullmatch(r"Identity(?:_(\d+))?", name)
    index = int(place[1] or 0) if place else len(wanted)
    return wanted[index] if name not in wanted and index < len(wanted) else name


def dtype_of(tensor: dict[str, Any]) -> str:
    if tensor["dtype"] not in DTYPES:
        raise ValueError(f"TensorFlow.js has no {tensor['dtype']}, the dtype of {tensor['name']}")
    return DTYPES[tensor["dtype"]]
