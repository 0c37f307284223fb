"""A PyTorch or Keras model in float16, or with the weights of its Linear and recurrent layers in int8.

Each variant comes with what evaluate.py answers by: a model of float64 with the same weights.
"""

from __future__ import annotations

import copy
import importlib.util
import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree

QUANTISED = {nn.Linear, nn.LSTM, nn.GRU}


class Half(nn.Module):
    """A model of float16 whose inputs and outputs are float32."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, *inputs: Tensor) -> Any:
        given = [tensor.half() if tensor.dtype == torch.float32 else tensor for tensor in inputs]
        return pytree.tree_map(lambda t: t.float() if t.dtype == torch.float16 else t, self.model(*given))


class NothingToQuantise(Exception):
    """A model without a layer that PyTorch quantises dynamically."""


def of(model: nn.Module, spec: Any) -> tuple[nn.Module, nn.Module | None]:
    """The model in the variant of the specification, and what it comes to in float64; None for float32."""
    if spec.variant == "fp16":
        half = recast(model, spec, "float16")
        return Half(half).eval(), recast(half, spec, "float64")
    if spec.variant == "int8-dynamic":
        quantised = in_int8(model)
        return quantised, beside("exact").of(model, quantised).double()
    return model, None


def recast(model: nn.Module, spec: Any, dtype: str) -> nn.Module:
    """The model in another dtype. A Keras model is built anew: its layers cast what they take to that of their policy.

    Weights that Keras holds in float16 are still those of float16 afterwards.
    """
    if spec.framework != "keras":
        return copy.deepcopy(model).to(getattr(torch, dtype))
    import keras

    network: Any = model.network
    text = json.dumps(json.loads(network.to_json(), object_hook=uninitialised))
    for known in ("float32", "float16"):
        text = text.replace(f'"{known}"', f'"{dtype}"')
    twin = keras.models.model_from_json(text)
    twin.set_weights(network.get_weights())
    return type(model)(twin, spec).eval().requires_grad_(False)


def uninitialised(part: dict[str, Any]) -> dict[str, Any]:
    """Zeros for each initialiser: what it would give is replaced, and some, as the orthogonal one, know no float16."""
    blank = {"module": "keras.initializers", "class_name": "Zeros", "config": {}, "registered_name": None}
    return blank if part.get("module") == "keras.initializers" else part


def in_int8(model: nn.Module) -> nn.Module:
    """The model with int8 weights: of a Linear with a scale each channel, of a recurrent layer with one."""
    quantisation = torch.ao.quantization
    how = {kind: quantisation.default_dynamic_qconfig for kind in QUANTISED}
    how[nn.Linear] = quantisation.per_channel_dynamic_qconfig
    made: nn.Module = quantisation.quantize_dynamic(copy.deepcopy(model), how, dtype=torch.qint8)
    if not any("quantized" in type(layer).__module__ for layer in made.modules()):
        raise NothingToQuantise("PyTorch quantises Linear, LSTM and GRU dynamically, and the model has no such layer")
    return made


def beside(name: str) -> Any:
    """The module of a file of this folder, which is no place to import from."""
    path = Path(__file__).parent / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"deploymatrix_torchscript_{name}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
