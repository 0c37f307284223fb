"""The initial weights of a random network, set so that its answers say something of its inputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

WEIGHTED = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.ConvTranspose1d, nn.ConvTranspose2d, nn.Embedding)
NORMALISED = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
RECURRENT = (nn.LSTM, nn.GRU, nn.RNN)
ENOUGH = 0.02  # share of its size by which an output varies between two samples: twice what a reference must vary by

Ask = Callable[[list[Tensor]], Any]


@torch.no_grad()
def calibrate(network: nn.Module, ask: Ask, inputs: list[Tensor], answers: Callable[[], list[list[Tensor]]]) -> None:
    """Set the initial weights, first layer to last, so that signal survives the whole depth of the network.

    One pass over the batch of the ordinary samples, in the order of execution; axis 0 of every input must be the
    batch. A layer's weight is scaled so that its product has unit standard deviation (LSUV, Mishkin and Matas 2016,
    https://arxiv.org/abs/1511.06422); a batch normalisation gets its input's mean and variance, as training would give
    it. A weight that two layers share is scaled at its first use.

    Where an output still hardly varies between the ordinary samples, whose `answers` are asked for one by one, a second
    pass also scales recurrent layers and attention, and centres what each layer gives: what is the same for all inputs
    would else grow from layer to layer. A layer that gets zeros alone is left as it is. Raises ValueError
    for one that gives the same everywhere though it does not.
    """
    hooked(network, ask, inputs, Pass(network, thorough=False))
    if least_variation(answers()) < ENOUGH:
        hooked(network, ask, inputs, Pass(network, thorough=True))


class Pass:
    """One pass over all layers. `thorough`: with the kinds of layers, and the centring, of the second one."""

    def __init__(self, network: nn.Module, *, thorough: bool) -> None:
        self.thorough = thorough
        self.names = {layer: name for name, layer in network.named_modules()}
        self.seen: set[Tensor] = set()

    def hook(self, layer: nn.Module) -> Any:
        """What is to happen at a layer; None where nothing is."""
        if isinstance(layer, NORMALISED) and layer.running_mean is not None:
            return layer.register_forward_pre_hook(take_statistics)
        if isinstance(layer, WEIGHTED) or (self.thorough and is_weighted(layer)):
            return layer.register_forward_hook(self.normalise)
        if self.thorough and isinstance(layer, nn.MultiheadAttention):
            return layer.register_forward_hook(self.normalise_attention, with_kwargs=True)
        if self.thorough and isinstance(layer, RECURRENT):
            return layer.register_forward_pre_hook(self.normalise_recurrent)
        return None

    def normalise(self, layer: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
        """Rescale `layer`, all but its bias, and answer with what it gives then."""
        if layer.weight in self.seen or says_nothing(inputs[0]):
            return output
        self.seen.add(layer.weight)
        bias = getattr(layer, "bias", None)
        product = output if bias is None else output - spread(bias, layer)
        deviation = self.deviation(layer, product)
        layer.weight.div_(deviation)
        if self.thorough and bias is not None:
            bias.copy_(-over_channels(product / deviation, layer))
        return layer.forward(*inputs)

    def normalise_attention(self, layer: Any, inputs: tuple[Any, ...], given: dict[str, Any], output: Any) -> Any:
        """Rescale query, key and value, then what comes out; it calls none of its layers as such."""
        takes = (*inputs, *(given[name] for name in ("query", "key", "value") if name in given))[:3]
        if layer.in_proj_weight is not None:
            weights = layer.in_proj_weight.chunk(3)
        else:
            weights = (layer.q_proj_weight, layer.k_proj_weight, layer.v_proj_weight)
        for weight, taken in zip(weights, takes, strict=True):
            if says_nothing(taken):
                continue
            weight.div_(self.deviation(layer, taken @ weight.T))
        output = layer.forward(*inputs, **given)
        bias = layer.out_proj.bias
        product = output[0] if bias is None else output[0] - bias
        deviation = self.deviation(layer, product)
        layer.out_proj.weight.div_(deviation)
        if bias is not None:
            bias.copy_(-product.flatten(0, -2).mean(0) / deviation)
        return layer.forward(*inputs, **given)

    def normalise_recurrent(self, layer: Any, inputs: tuple[Any, ...]) -> None:
        """Rescale what the first level makes of its input; the others take states, which are bounded."""
        taken = inputs[0].data if isinstance(inputs[0], nn.utils.rnn.PackedSequence) else inputs[0]
        for weight in (getattr(layer, n) for n in ("weight_ih_l0", "weight_ih_l0_reverse") if hasattr(layer, n)):
            weight.div_(self.deviation(layer, taken @ weight.T))

    def deviation(self, layer: nn.Module, product: Tensor) -> Tensor:
        """The standard deviation. Raises ValueError where there is none to divide by."""
        found = product.std()
        if not torch.isfinite(found) or found <= 0:
            raise ValueError(
                f"calibrate = true: layer {self.names[layer] or 'itself'} ({type(layer).__name__}) gives values of no "
                f"variance over the ordinary samples (standard deviation {found.item():.3g}), so it cannot be scaled: "
                "initialise its weights otherwise, give it other samples, or remove calibrate"
            )
        return found


def hooked(network: nn.Module, ask: Ask, inputs: list[Tensor], once: Pass) -> None:
    hooks = [hook for layer in network.modules() if (hook := once.hook(layer)) is not None]
    try:
        ask(inputs)
    finally:
        for hook in hooks:
            hook.remove()


def take_statistics(layer: nn.Module, inputs: tuple[Tensor, ...]) -> None:
    axes = [axis for axis in range(inputs[0].ndim) if axis != 1]
    layer.running_mean.copy_(inputs[0].mean(dim=axes))
    layer.running_var.copy_(inputs[0].var(dim=axes))


def says_nothing(taken: Tensor) -> bool:
    """Tell whether a layer gets zeros alone, as the first values of a set prediction's first queries are."""
    return taken.is_floating_point() and not taken.any()


def is_weighted(layer: nn.Module) -> bool:
    """Tell whether it is one more layer with one weight: transformers' Conv1D is a linear one, transposed."""
    return isinstance(layer, nn.ConvTranspose3d) or (type(layer).__name__ == "Conv1D" and hasattr(layer, "nf"))


def spread(bias: Tensor, layer: Any) -> Tensor:
    """The bias as it is added to what the layer gives: channels first for convolutions, last for linear layers."""
    return bias.view(-1, *[1] * (layer.weight.ndim - 2))


def over_channels(product: Tensor, layer: Any) -> Tensor:
    """The mean of each channel."""
    axis = product.ndim - 1 - (layer.weight.ndim - 2)
    return product.mean(dim=[other for other in range(product.ndim) if other != axis])


def least_variation(answers: list[list[Tensor]]) -> float:
    """How much the least varying of all floating outputs varies between samples, as numerics/references.py has it."""
    found = [1.0]
    for output in zip(*answers, strict=True):
        if output[0].is_floating_point() and len({each.shape for each in output}) == 1 and output[0].numel():
            stacked = torch.stack([each.double() for each in output])
            scale = stacked.abs().max()
            found.append(float(stacked.std(dim=0, correction=0).max() / scale) if scale > 0 else 0.0)
    return min(found)
