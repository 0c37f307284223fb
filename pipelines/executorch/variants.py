"""A model in float16, or quantised to int8 for XNNPACK by pt2e; and what is kept of it for evaluate.py."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.export import ExportedProgram
from torch.utils import _pytree as pytree

aten = torch.ops.aten
QUANTISED = {"int8-dynamic": True, "int8-static": False}  # whether ranges are taken call by call
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
    twin = keras.models.model_from_json(network.to_json().replace('"float32"', '"float16"'))
    twin.set_weights(network.get_weights())
    return type(model)(twin, spec).eval().requires_grad_(False)


def quantised(model: nn.Module, inputs: tuple[Tensor, ...], spec: Any, axes: Any) -> nn.Module:
    """The model with int8 weights, a scale each channel, for the variants that have them; else itself.

    Activations have the ranges that they take over the calibration samples, or those of each call.
    """
    if spec.variant not in QUANTISED:
        return model
    from executorch.backends.xnnpack.quantizer.xnnpack_quantizer import (
        XNNPACKQuantizer,
        get_symmetric_quantization_config,
    )
    from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_pt2e

    config = get_symmetric_quantization_config(is_per_channel=True, is_dynamic=QUANTISED[spec.variant])
    quantizer = XNNPACKQuantizer()
    for layer in LAYERS:
        quantizer.set_operator_type(layer, config)
    captured: Any = torch.export.export(model, inputs, dynamic_shapes=axes).module(check_guards=False)
    name_products(captured)
    with torch.no_grad():
        prepared = prepare_pt2e(captured, quantizer)
        for sample in [inputs, *calibration(spec)]:
            prepared(*sample)
        converted: nn.Module = convert_pt2e(prepared)
    if not any("quantize_per_" in str(node.target) for node in converted.graph.nodes):
        raise NothingToQuantise("XNNPACK's quantiser takes linear layers and convolutions, and the model has none")
    return converted


class NothingToQuantise(Exception):
    """A model without a layer that the quantiser takes."""


def calibration(spec: Any) -> list[tuple[Tensor, ...]]:
    return [tuple(torch.tensor(sample[declared.name]) for declared in spec.inputs) for sample in spec.calibration]


def name_products(captured: Any) -> None:
    """Let products with a constant matrix be linear layers, which is what the quantiser looks for: Keras's Dense."""
    graph = captured.graph
    for node in [node for node in graph.nodes if node.target in (aten.matmul.default, aten.mm.default)]:
        matrix = node.args[1]
        if matrix.op != "get_attr" or matrix.meta["val"].dim() != 2:
            continue
        name = f"{str(matrix.target).replace('.', '_')}_transposed"
        if not hasattr(captured, name):
            values = attribute(captured, matrix.target).detach().t().contiguous()
            captured.register_parameter(name, nn.Parameter(values, requires_grad=False))
        with graph.inserting_before(node):
            weight = graph.get_attr(name)
            weight.meta["val"] = matrix.meta["val"].t()
            layer = graph.call_function(aten.linear.default, (node.args[0], weight))
        layer.meta = dict(node.meta)
        node.replace_all_uses_with(layer)
        graph.erase_node(node)
    graph.eliminate_dead_code()
    captured.recompile()


def attribute(module: nn.Module, path: str) -> Tensor:
    found: Any = module
    for part in path.split("."):
        found = getattr(found, part)
    return found


def keep(exported: ExportedProgram, spec: Any, out: Path) -> None:
    """Save the graph that is lowered, for evaluate.py; of float32 nothing is kept."""
    if spec.variant == "fp32":
        return
    folder = out / "evaluated"
    folder.mkdir()
    torch.export.save(exported, folder / "model.pt2")
