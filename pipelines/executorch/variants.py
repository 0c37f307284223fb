"""A PyTorch model in float16, or quantised to int8 for XNNPACK by pt2e."""

from __future__ import annotations

import copy
from typing import Any

import torch
from executorch.backends.xnnpack.quantizer.xnnpack_quantizer import XNNPACKQuantizer, get_symmetric_quantization_config
from torch import nn
from torch.utils import _pytree as pytree
from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_pt2e


class Half(nn.Module):
    """The model in float16 throughout; what it takes and gives stays float32."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = copy.deepcopy(model).half()

    def forward(self, *inputs: torch.Tensor) -> Any:
        given = [tensor.half() if tensor.dtype == torch.float32 else tensor for tensor in inputs]
        return pytree.tree_map(lambda t: t.float() if t.dtype == torch.float16 else t, self.model(*given))


def of(model: nn.Module, spec: Any) -> nn.Module:
    """The model in the variant of the specification."""
    if spec.variant == "fp16":
        return Half(model).eval()
    if spec.variant in ("int8-dynamic", "int8-static"):
        return quantised(model, spec, dynamic=spec.variant == "int8-dynamic")
    return model


def quantised(model: nn.Module, spec: Any, *, dynamic: bool) -> nn.Module:
    """Weights per channel; activations by their ranges over the calibration samples, or of each call."""
    samples = [
        tuple(torch.tensor(sample[i.name]) for i in spec.inputs) for sample in (spec.calibration or spec.samples)
    ]
    quantizer = XNNPACKQuantizer()
    quantizer.set_global(get_symmetric_quantization_config(is_per_channel=True, is_dynamic=dynamic))
    with torch.no_grad():
        prepared = prepare_pt2e(torch.export.export(model, samples[0]).module(), quantizer)
        for sample in samples if not dynamic else samples[:1]:
            prepared(*sample)
        return convert_pt2e(prepared)
