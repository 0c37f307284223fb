"""A model in float16, or quantised to int8 for XNNPACK by pt2e; and what is kept of it for evaluate.py."""

from __future__ import annotations

import copy
import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.export import ExportedProgram
from torch.fx import Node
from torch.utils import _pytree as pytree

aten = torch.ops.aten
QUANTISED = {"int8-dynamic": True, "int8-static": False}  # whether ranges are taken call by call
NAME = "deploymatrix_name"
PRODUCTS = tuple(f"<EdgeOpOverload: aten.{name}." for name in ("addmm", "linear", "convolution"))
RECURRENT = ("aten.lstm.", "aten.gru.", "aten.rnn_tanh.", "aten.rnn_relu.")
LEFT_OUT = {  # operators that XNNPACK's delegate answers wrongly, its configurations for them, and the findings
    "fp16": {
        "aten.tanh.default": ("TanhConfig", "executorch-half-tanh"),
        "aten.sigmoid.default": ("SigmoidConfig", "executorch-half-tanh"),
    },
}
# Only these: of a static scale for every operator the additive mask of attention takes all levels.
LAYERS = (aten.linear.default, aten.conv1d.default, aten.conv2d.default, aten.conv_transpose2d.input)


class Half(nn.Module):
    """A model of float16 whose inputs and outputs are float32."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, *inputs: Tensor) -> Any:
        given = [tensor.half() if tensor.dtype == torch.float32 else tensor for tensor in inputs]
        return pytree.tree_map(lambda t: t.float() if t.dtype == torch.float16 else t, self.model(*given))


def of(model: nn.Module, spec: Any) -> nn.Module:
    """The model as it is exported: in float16 for fp16, else itself."""
    if spec.variant != "fp16":
        return model
    return Half(recast(model, spec) if spec.framework == "keras" else copy.deepcopy(model).half()).eval()


def recast(model: nn.Module, spec: Any) -> nn.Module:
    """A Keras model in float16. half() does not do: its layers cast what they take to the dtype of their policy."""
    import keras

    network = model.network
    text = json.dumps(json.loads(network.to_json(), object_hook=uninitialised))
    twin = keras.models.model_from_json(text.replace('"float32"', '"float16"'))
    twin.set_weights(network.get_weights())
    return type(model)(twin, spec).eval().requires_grad_(False)


def uninitialised(part: dict[str, Any]) -> dict[str, Any]:
    """Zeros for each initialiser: what it would give is replaced, and some, as the orthogonal one, know no float16."""
    blank = {"module": "keras.initializers", "class_name": "Zeros", "config": {}, "registered_name": None}
    return blank if part.get("module") == "keras.initializers" else part


def quantised(model: nn.Module, inputs: tuple[Tensor, ...], spec: Any, axes: Any, repairs: list[str]) -> nn.Module:
    """The model with int8 weights, a scale each channel, for the variants that have them; else itself.

    Activations have the ranges that they take over the calibration samples, or those of each call.
    """
    if spec.variant not in QUANTISED:
        return model
    from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e

    with torch.no_grad():
        converted: nn.Module = convert_pt2e(prepared(model, inputs, spec, axes))
    if not any("quantize_per_" in str(node.target) for node in converted.graph.nodes):
        raise NothingToQuantise("XNNPACK's quantiser takes linear layers and convolutions, and the model has none")
    if make_weights_contiguous(converted):
        repairs.append("executorch-folded-strides")
    if give_ranges_of_their_own(converted):
        repairs.append("executorch-shared-range")
    return converted


def prepared(model: nn.Module, inputs: tuple[Tensor, ...], spec: Any, axes: Any) -> Any:
    """The graph in float32 that has seen the calibration samples: convert_pt2e makes int8 of it."""
    from executorch.backends.xnnpack.quantizer.xnnpack_quantizer import (
        XNNPACKQuantizer,
        get_symmetric_quantization_config,
    )
    from torchao.quantization.pt2e.quantize_pt2e import prepare_pt2e

    config = get_symmetric_quantization_config(is_per_channel=True, is_dynamic=QUANTISED[spec.variant])
    quantizer = XNNPACKQuantizer()
    for layer in LAYERS:
        quantizer.set_operator_type(layer, config)
    captured: Any = torch.export.export(model, inputs, dynamic_shapes=axes).module(check_guards=False)
    beside("layers").name_layers(captured)
    with torch.no_grad():
        graph = prepare_pt2e(captured, quantizer)
        for sample in [inputs, *calibration(spec)]:
            graph(*sample)
    return graph


def make_weights_contiguous(converted: nn.Module) -> bool:
    """Lay out anew each weight whose strides are those of channels last; tell whether one was.

    Keras permutes its kernels, pt2e folds that into the int8 weight, and XNNPACK's ChannelsLastTaggedReshapePass then
    raises AssertionError (docs/findings/executorch-folded-strides/finding.md).
    """
    tensors = [tensor for tensor in (*converted.parameters(), *converted.buffers()) if not tensor.is_contiguous()]
    for tensor in tensors:
        tensor.data = tensor.data.contiguous()
    return bool(tensors)


def give_ranges_of_their_own(converted: Any) -> bool:
    """Quantise an input once for each layer that takes it by ranges of the call; tell whether convolutions shared one.

    XNNPACK's delegate lays it out for one of them: docs/findings/executorch-shared-range/finding.md. Linear layers
    alone may share: nothing is laid out for them.
    """
    chains = [chain for node in converted.graph.nodes for chain in dynamic_chain(node)]
    shared = [chain for chain in chains if len(chain[-1].users) > 1 and any(map(convolves, chain[-1].users))]
    for chain in shared:
        for layer in list(chain[-1].users)[1:]:
            copies: dict[Node, Node] = {}
            with converted.graph.inserting_before(layer):
                for node in chain:
                    copies[node] = converted.graph.node_copy(node, lambda old, new=copies: new.get(old, old))
            layer.replace_input_with(chain[-1], copies[chain[-1]])
    converted.recompile()
    return bool(shared)


def dynamic_chain(node: Node) -> Iterator[tuple[Node, ...]]:
    """Yield what takes the ranges of a call, and quantises by them, if this dequantises it; in order."""
    if "dequantize_per_tensor" not in str(node.target):
        return
    quantise: Any = node.args[0]
    scale, zero = quantise.args[1:3]
    if isinstance(scale, Node):
        yield scale.args[0], scale, zero, quantise, node


def convolves(node: Node) -> bool:
    return "conv" in str(node.target)


class NothingToQuantise(Exception):
    """A model without a layer that the quantiser takes."""


def calibration(spec: Any) -> list[tuple[Tensor, ...]]:
    return [tuple(torch.tensor(sample[declared.name]) for declared in spec.inputs) for sample in spec.calibration]


def steps_of(spec: Any) -> dict[Any, Any]:
    """The decompositions of recurrent layers into steps, each rounded by evaluate.py; none for float32."""
    if spec.variant == "fp32":
        return {}
    from torch._decomp import core_aten_decompositions

    known = core_aten_decompositions()
    return {op: how for op, how in known.items() if str(op).startswith(RECURRENT)}


def left_out(exported: ExportedProgram, spec: Any) -> dict[str, str]:
    """What XNNPACK is not to take of this graph, by the names of its configurations, each with its finding."""
    found = {str(node.target) for node in exported.graph.nodes}
    return {config: finding for op, (config, finding) in LEFT_OUT.get(spec.variant, {}).items() if op in found}


def keep(exported: ExportedProgram, spec: Any, out: Path) -> None:
    """Save the graph that is lowered, for evaluate.py; of float32 nothing is kept."""
    if spec.variant == "fp32":
        return
    folder = out / "evaluated"
    folder.mkdir()
    torch.export.save(exported, folder / "model.pt2")
    for node in exported.graph.nodes:
        node.meta["custom"] = {**node.meta.get("custom", {}), NAME: node.name}  # which lowering keeps


def keep_portable(lowered: Any, spec: Any, out: Path) -> None:
    """Save the names of the layers of that graph which the delegate does not run."""
    if spec.variant == "fp32":
        return
    nodes = [node for node in lowered.exported_program().graph.nodes if str(node.target).startswith(PRODUCTS)]
    names = {node.meta.get("custom", {}).get(NAME) for node in nodes} - {None}
    (out / "evaluated" / "portable.json").write_text(json.dumps(sorted(names)), encoding="utf-8")


def beside(name: str) -> Any:
    """The module of a file of this folder, which is no place to import from."""
    path = Path(__file__).parent / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"deploymatrix_executorch_{name}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
