"""A PyTorch model in float16, or with the weights of its Linear and LSTM layers in int8."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import nn
from torch.utils import _pytree as pytree

QUANTISED = {nn.Linear, nn.LSTM}


class Half(nn.Module):
    """The model in float16 throughout; what it takes and gives stays float32."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = copy.deepcopy(model).half()

    def forward(self, *inputs: torch.Tensor) -> Any:
        given = [tensor.half() if tensor.dtype == torch.float32 else tensor for tensor in inputs]
        return pytree.tree_map(lambda t: t.float() if t.dtype == torch.float16 else t, self.model(*given))


def of(model: nn.Module, variant: str) -> nn.Module:
    """The model in a variant. Raises ValueError where int8-dynamic finds no layer that it could quantise."""
    if variant == "fp16":
        return Half(model).eval()
    if variant == "int8-dynamic":
        if not any(type(layer) in QUANTISED for layer in model.modules()):
            raise ValueError("PyTorch quantises Linear and LSTM dynamically, and the model has no such layer")
        return torch.ao.quantization.quantize_dynamic(copy.deepcopy(model), QUANTISED, dtype=torch.qint8)
    return model
