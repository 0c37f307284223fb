"""PyTorch → ExecuTorch: torch.export, then lowering to the XNNPACK delegate and the portable kernels."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from typing import Any

import torch
from executorch.backends.xnnpack.partition.config import ALL_PARTITIONER_CONFIGS
from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
from executorch.exir import EdgeCompileConfig, to_edge_transform_and_lower
from torch import Tensor, nn
from torch._dynamo.exc import UserError
from torch.export import Dim, ExportedProgram, ShapesCollection
from torch.fx import Node

VERSIONS = ("executorch", "torch", "numpy")
ENTRY = "model.pte"
OPTIONS = ("xnnpack",)


def beside(name: str) -> Any:
    """The module of a file of this folder, which is no place to import from."""
    path = Path(__file__).parent / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"deploymatrix_executorch_{name}", path)
    assert spec is not None and spec.loader is not None
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)  # torch.compile imports it by its name
    spec.loader.exec_module(module)
    return module


layouts, rewrites, variants = beside("layouts"), beside("rewrites"), beside("variants")


def export(source: nn.Module, spec: Any, out: Path, options: dict[str, Any]) -> dict[str, Any]:
    """Write `model.pte`; its inputs and outputs go by position.

    options: xnnpack, whether to delegate to XNNPACK; true by default, but for a model with free axes or branches, of
    which the portable kernels run all: docs/findings/executorch-xnnpack-free-axes/finding.md and -branches
    """
    source = variants.of(source, spec)
    inputs = tuple(torch.tensor(spec.example[declared.name]) for declared in spec.inputs)
    rewritten = rewrites.Rewritten()
    with rewritten:
        exported, static = with_free_axes(source, inputs, spec, rewritten.repairs)
        if fuses_numbered_weights(exported):
            exported, static = with_free_axes(Lettered(source), inputs, spec, rewritten.repairs)
            rewritten.repairs.append("executorch-batch-norm-in-sequential")
    portable = {"executorch-xnnpack-free-axes": bool(spec.dims), "executorch-xnnpack-branches": branches(exported)}
    made = {
        "executorch-channels-last-clone": make_clones_contiguous(exported),
        "executorch-shifts": rewrites.name_shifts(exported),
        "executorch-sort": rewrites.sort_by_topk(exported),
        **({} if "xnnpack" in options else portable),
    }
    delegates = options.get("xnnpack", not any(portable.values()))
    left_out = variants.left_out(exported, spec) if delegates else {}
    configs = [config for config in ALL_PARTITIONER_CONFIGS if config.__name__ not in left_out]
    partitioner = [XnnpackPartitioner(configs=configs)] if delegates else []
    variants.keep(exported, spec, out)
    allowed = EdgeCompileConfig(_core_aten_ops_exception_list=list(rewrites.SHIFTS.values()))
    with layouts.bounded() as laid_out:
        lowered = to_edge_transform_and_lower(
            exported, partitioner=partitioner, compile_config=allowed if made["executorch-shifts"] else None
        )
    variants.keep_portable(lowered, spec, out)
    (out / ENTRY).write_bytes(lowered.to_executorch().buffer)
    repairs = [*rewritten.repairs, *left_out.values(), *laid_out, *(name for name, done in made.items() if done)]
    return {
        "inputs": {declared.name: str(i) for i, declared in enumerate(spec.inputs)},
        "outputs": {declared.name: str(i) for i, declared in enumerate(spec.outputs)},
        "repairs": list(dict.fromkeys(repairs)),
        "static": static,
    }


def dynamic_shapes(spec: Any, model: nn.Module, inputs: tuple[Tensor, ...]) -> Any:
    """The free axes of each input, laid out as torch.export wants them for this model; None where there are none."""
    dims = {name: Dim(name, min=dim.min, max=dim.max) for name, dim in spec.dims.items()}
    shapes = ShapesCollection()
    for tensor, declared in zip(inputs, spec.inputs, strict=True):
        shapes[tensor] = {axis: dims[name] for axis, name in declared.free.items()}
    return shapes.dynamic_shapes(model, inputs) if dims else None


def with_free_axes(
    model: nn.Module, inputs: tuple[Tensor, ...], spec: Any, repairs: list[str]
) -> tuple[ExportedProgram, list[str]]:
    """The exported program, and the dims that torch.export refuses to leave free, as the length of an LSTM."""
    try:
        return decomposed(model, inputs, spec, repairs), []
    except UserError as error:
        refused = re.search(r"Constraints violated \(([^)]+)\)", str(error))
        if refused is None:
            raise
        print(f"exported at fixed sizes: {error}")
        names = [name for name in spec.dims if name in refused[1].split(", ")]
        exported, further = with_free_axes(model, inputs, spec.fixed(names), repairs)
        return exported, [*names, *further]


def decomposed(model: nn.Module, inputs: tuple[Tensor, ...], spec: Any, repairs: list[str]) -> ExportedProgram:
    axes = dynamic_shapes(spec, model, inputs)
    model = variants.quantised(model, inputs, spec, axes, repairs)
    return torch.export.export(model, inputs, dynamic_shapes=axes).run_decompositions(variants.steps_of(spec))


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


def branches(exported: ExportedProgram) -> bool:
    """Tell whether the program holds torch.cond: docs/findings/executorch-xnnpack-branches/finding.md."""
    return any(node.target is torch.ops.higher_order.cond for node in exported.graph.nodes)


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
