"""PyTorch → ExecuTorch: torch.export, then lowering to the XNNPACK delegate and the portable kernels."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import torch
from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
from executorch.exir import to_edge_transform_and_lower
from torch import Tensor, nn
from torch._dynamo.exc import UserError
from torch.export import Dim, ExportedProgram, ShapesCollection
from torch.fx import Node

VERSIONS = ("executorch", "torch", "numpy")
ENTRY = "model.pte"
OPTIONS = ("xnnpack",)


def export(source: nn.Module, spec: Any, out: Path, options: dict[str, Any]) -> dict[str, Any]:
    """Write `model.pte`; its inputs and outputs go by position.

    options: xnnpack, whether to delegate to XNNPACK; true by default, but for a model with free axes, of which the
    portable kernels run all: docs/findings/executorch-xnnpack-free-axes/finding.md
    """
    inputs = tuple(torch.tensor(spec.example[declared.name]) for declared in spec.inputs)
    repairs = []
    exported, static = with_free_axes(source, inputs, spec)
    if fuses_numbered_weights(exported):
        exported, static = with_free_axes(Lettered(source), inputs, spec)
        repairs.append("executorch-batch-norm-in-sequential")
    if make_clones_contiguous(exported):
        repairs.append("executorch-channels-last-clone")
    if spec.dims and "xnnpack" not in options:
        repairs.append("executorch-xnnpack-free-axes")
    partitioner = [XnnpackPartitioner()] if options.get("xnnpack", not spec.dims) else []
    lowered = to_edge_transform_and_lower(exported, partitioner=partitioner)
    (out / ENTRY).write_bytes(lowered.to_executorch().buffer)
    return {
        "inputs": {declared.name: str(i) for i, declared in enumerate(spec.inputs)},
        "outputs": {declared.name: str(i) for i, declared in enumerate(spec.outputs)},
        "repairs": repairs,
        "static": static,
    }


def dynamic_shapes(spec: Any, model: nn.Module, inputs: tuple[Tensor, ...]) -> Any:
    """The free axes of each input, laid out as torch.export wants them for this model; None where there are none."""
    dims = {name: Dim(name, min=dim.min, max=dim.max) for name, dim in spec.dims.items()}
    shapes = ShapesCollection()
    for tensor, declared in zip(inputs, spec.inputs, strict=True):
        shapes[tensor] = {axis: dims[name] for axis, name in declared.free.items()}
    return shapes.dynamic_shapes(model, inputs) if dims else None


def with_free_axes(model: nn.Module, inputs: tuple[Tensor, ...], spec: Any) -> tuple[ExportedProgram, list[str]]:
    """The exported program, and the dims that torch.export refuses to leave free, as the length of an LSTM."""
    try:
        return decomposed(model, inputs, spec), []
    except UserError as error:
        refused = re.search(r"Constraints violated \(([^)]+)\)", str(error))
        if refused is None:
            raise
        print(f"exported at fixed sizes: {error}")
        names = [name for name in spec.dims if name in refused[1].split(", ")]
        exported, further = with_free_axes(model, inputs, spec.fixed(names))
        return exported, [*names, *further]


def decomposed(model: nn.Module, inputs: tuple[Tensor, ...], spec: Any) -> ExportedProgram:
    axes = dynamic_shapes(spec, model, inputs)
    return torch.export.export(model, inputs, dynamic_shapes=axes).run_decompositions({})


def fuses_numbered_weights(exported: ExportedProgram) -> bool:
    """Tell whether a batch norm follows a layer whose weight's name begins with a digit, as an nn.Sequential's does.

    XNNPACK's FuseBatchNormPass does not find such names again and raises ValueError: "'0_0_weight_fused_bn' is not in
    list" (docs/findings/executorch-batch-norm-in-sequential/finding.md).
    """
    called = (node for node in exported.graph.nodes if node.op == "call_function")  # weights bear such names, too
    layers = (node.args[0] for node in called if "batch_norm" in str(node.target))
    weights = (layer.args[1] for layer in layers if isinstance(layer, Node) and len(layer.args) > 1)
    names = (exported.graph_signature.inputs_to_parameters.get(str(weight), "") for weight in weights)
    return any(name[:1].isdigit() for name in names)


class Lettered(nn.Module):
    """The same model one level down, so that no parameter's name begins with a digit."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, *inputs: Tensor) -> Any:
        return self.model(*inputs)


def make_clones_contiguous(exported: ExportedProgram) -> bool:
    """Let every clone keep the default dimension order, instead of one of channels_last; tell whether one did not.

    Models that change layout themselves, as Keras's do, hold such clones. Without this, MobileNetV3-Small exports but
    fails when run: dim_order_ops::_clone_dim_order.out, 0x12
    (docs/findings/executorch-channels-last-clone/finding.md).
    """
    clones = [node for node in exported.graph.nodes if node.target is torch.ops.aten.clone.default]
    kept = (None, torch.contiguous_format, torch.preserve_format)
    others = [node for node in clones if node.kwargs.get("memory_format") not in kept]
    for node in others:
        node.kwargs = {**node.kwargs, "memory_format": torch.contiguous_format}
    return bool(others)
