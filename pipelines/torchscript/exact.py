"""What PyTorch's layers of dynamic int8 compute, in the arithmetic of their inputs: float64, for evaluate.py.

As their kernels do, each product rounds what it takes to 128 levels (reduce_range) between the least and the largest
value of that call, and holds its weights in int8. Everything else is exact.
"""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor, nn
from torch.ao.nn.quantized import dynamic
from torch.nn import functional


@torch.jit.script
def rounded(x: Tensor) -> Tensor:
    """The values at the levels of one call: 0 is one of them, as in ATen's ChooseQuantizationParams."""
    low, high = x.min().clamp(max=0.0), x.max().clamp(min=0.0)
    scale = (high - low) / 127.0
    scale = torch.where(scale > 0, scale, torch.full_like(scale, 0.1))
    zero = torch.round(-low / scale).clamp(0, 127)
    return ((torch.round(x / scale) + zero).clamp(0, 127) - zero) * scale


@torch.jit.script
def lstm(gates: Tensor, weight: Tensor, bias: Tensor, hidden: Tensor, cell: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Steps of an LSTM. gates: (steps, batch, 4 × size), what the inputs come to."""
    outputs: list[Tensor] = []
    for step in range(gates.shape[0]):
        parts = (gates[step] + functional.linear(rounded(hidden), weight, bias)).chunk(4, 1)
        cell = torch.sigmoid(parts[1]) * cell + torch.sigmoid(parts[0]) * torch.tanh(parts[2])
        hidden = torch.sigmoid(parts[3]) * torch.tanh(cell)
        outputs.append(hidden)
    return torch.stack(outputs), hidden, cell


@torch.jit.script
def gru(gates: Tensor, weight: Tensor, bias: Tensor, hidden: Tensor) -> tuple[Tensor, Tensor]:
    """Steps of a GRU. gates: (steps, batch, 3 × size), what the inputs come to."""
    outputs: list[Tensor] = []
    for step in range(gates.shape[0]):
        given, fed = gates[step].chunk(3, 1), functional.linear(rounded(hidden), weight, bias).chunk(3, 1)
        reset, update = torch.sigmoid(given[0] + fed[0]), torch.sigmoid(given[1] + fed[1])
        new = torch.tanh(given[2] + reset * fed[2])
        hidden = (hidden - new) * update + new
        outputs.append(hidden)
    return torch.stack(outputs), hidden


class Linear(nn.Module):
    def __init__(self, layer: Any) -> None:
        super().__init__()
        bias = layer.bias()
        self.weight = nn.Parameter(layer.weight().dequantize(), requires_grad=False)
        self.bias = None if bias is None else nn.Parameter(bias, requires_grad=False)

    def forward(self, x: Tensor) -> Tensor:
        return functional.linear(rounded(x), self.weight, self.bias)


class Recurrent(nn.Module):
    """An LSTM or a GRU of any number of layers and directions."""

    def __init__(self, layer: Any) -> None:
        super().__init__()
        self.layers, self.directions = layer.num_layers, 2 if layer.bidirectional else 1
        self.size, self.batch_first, self.is_lstm = layer.hidden_size, layer.batch_first, layer.mode == "LSTM"
        for name, weight in layer.get_weight().items():
            self.register_buffer(name, weight.dequantize())
        for name, bias in layer.get_bias().items():
            self.register_buffer(name, bias.detach().clone())

    def forward(self, x: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        x = x.transpose(0, 1) if self.batch_first else x
        blank = x.new_zeros(self.layers * self.directions, x.shape[1], self.size)
        given = (state if self.is_lstm else (state,)) if state is not None else (blank, blank)
        last: list[tuple[Tensor, ...]] = []
        for layer in range(self.layers):
            ways = []
            for way in range(self.directions):
                outputs, *after = self.along(x, layer, way, [part[len(last)] for part in given])
                ways.append(outputs)
                last.append(tuple(after))
            x = torch.cat(ways, -1)
        states = tuple(torch.stack(parts) for parts in zip(*last, strict=True))
        return (x.transpose(0, 1) if self.batch_first else x), (states if self.is_lstm else states[0])

    def along(self, x: Tensor, layer: int, way: int, state: list[Tensor]) -> tuple[Tensor, ...]:
        """The outputs of a layer in one direction, and its state after the last step."""
        suffix = f"l{layer}{'_reverse' if way else ''}"
        own = {name: getattr(self, f"{name}_{suffix}") for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")}
        x = x.flip(0) if way else x
        gates = functional.linear(rounded(x), own["weight_ih"], own["bias_ih"])
        steps = (gates, own["weight_hh"], own["bias_hh"])
        outputs, *after = lstm(*steps, state[0], state[1]) if self.is_lstm else gru(*steps, state[0])
        return (outputs.flip(0) if way else outputs, *after)


EXACT = {dynamic.Linear: Linear, dynamic.LSTM: Recurrent, dynamic.GRU: Recurrent}


def of(model: nn.Module, quantised: nn.Module) -> nn.Module:
    """The model with what its quantised layers compute in place of them."""
    twin = copy.deepcopy(model)
    if type(quantised) in EXACT:
        return EXACT[type(quantised)](quantised)
    for name, layer in quantised.named_modules():
        if type(layer) in EXACT:
            owner, _, last = name.rpartition(".")
            setattr(twin.get_submodule(owner), last, EXACT[type(layer)](layer))
    return twin
