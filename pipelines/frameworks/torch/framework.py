"""How PyTorch models are built, frozen, opened and answered for: in the `torch` environment.

A model is an nn.Module that takes its inputs by position, in the order of model.toml, and returns a tensor or a
tuple of tensors in the order of model.toml.
"""

from __future__ import annotations

import functools
import os
import pickle
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_model, save_model
from torch import Tensor, nn

VERSIONS = ("torch", "safetensors", "numpy")
FILE = "model.safetensors"
ORDINARY = 2  # the first samples, drawn at amplitude 1; later ones are larger on purpose: numerics/samples.py
WEIGHTED = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.ConvTranspose1d, nn.ConvTranspose2d, nn.Embedding)
NORMALISED = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


def freeze(model: ModuleType, spec: Any, weights: Path) -> None:
    """Build the model from its seed, load the weights that it is given, if any, or calibrate it where it asks for that.

    Saves `weights/model.safetensors`.
    """
    use_declared_threads()
    torch.manual_seed(spec.seed)
    network = in_float32(model.build()).eval()
    if model.given_weights is not None:
        take_weights(network, model.given_weights)
    if spec.calibrate:
        calibrate(network, batch(spec))
    weights.mkdir(parents=True, exist_ok=True)
    save_model(network, str(weights / FILE))


def open(model: ModuleType, spec: Any, weights: Path) -> nn.Module:
    """The model with its frozen float32 weights, in evaluation mode and without gradients.

    Raises RuntimeError when the file's tensors are not exactly the model's.
    """
    use_declared_threads()
    network = in_float32(model.build()).eval().requires_grad_(False)
    load_model(network, str(weights / FILE), strict=True)
    return network


def reference(model: ModuleType, spec: Any, weights: Path, dtype: str) -> list[dict[str, np.ndarray]]:
    """Eager outputs of each sample by declared name, computed throughout in `dtype`, float64 or float32."""
    network = open(model, spec, weights).to(getattr(torch, dtype))
    return [answer(network, spec, sample, getattr(torch, dtype)) for sample in spec.samples]


def again(model: ModuleType, spec: Any, weights: Path, dtype: str) -> list[dict[str, np.ndarray]]:
    """The same from a model that is built and opened anew, with NaN in all memory that it asks for and does not set."""
    # Deterministic mode sets such memory to NaN. This function, unlike use_deterministic_algorithms(), imports nothing.
    torch.set_deterministic_debug_mode("warn")
    try:
        return reference(model, spec, weights, dtype)
    finally:
        torch.set_deterministic_debug_mode("default")


def orders(model: ModuleType, spec: Any, weights: Path) -> dict[str, Callable[[], Iterable[dict[str, np.ndarray]]]]:
    """Float32 in other orders of summation: on another number of threads, without oneDNN, and in one batch."""
    network = open(model, spec, weights)
    others = [threads for threads in (1, 2) if threads != torch.get_num_threads()]
    offered: dict[str, Callable[[], Iterable[dict[str, np.ndarray]]]] = {
        f"threads-{threads}": functools.partial(on_threads, network, spec, threads) for threads in others
    }
    offered["native"] = functools.partial(without_onednn, network, spec)
    if all(tensor.shape[:1] == (1,) for tensor in (*spec.inputs, *spec.outputs)):
        offered["batch"] = functools.partial(in_one_batch, network, spec)
    return offered


def take_weights(network: nn.Module, file: Path) -> None:
    """Load a file's tensors into the network. Raises ValueError unless they are exactly its parameters and buffers."""
    try:
        if file.suffix == ".safetensors":
            missing, unexpected = load_model(network, str(file), strict=False)
        else:
            missing, unexpected = network.load_state_dict(state_dict(file), strict=False)
    except RuntimeError as error:  # of another size
        raise ValueError(f"{file.name} is not of what build() returns: {error}") from error
    found = {"missing in the file": missing, "unexpected in the file": unexpected}
    told = [f"{what}: {', '.join(sorted(names))}" for what, names in found.items() if names]
    if told:
        raise ValueError(f"{file.name} is not of what build() returns; {'; '.join(told)}")


def state_dict(file: Path) -> dict[str, Tensor]:
    """The tensors of a file of torch.save by name. Raises ValueError for one that holds anything else."""
    instead = "save them alone: torch.save(model.state_dict(), 'model.pt'), or as safetensors"
    try:
        found = torch.load(file, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError) as error:
        named = re.findall(r"GLOBAL ([\w.]+)", str(error))
        what = f"it names {', '.join(dict.fromkeys(named))}" if named else str(error).splitlines()[0]
        why = f"{file.name} holds more than tensors and could run code as it is loaded, so it is not opened ({what})"
        raise ValueError(f"{why}; {instead}") from error
    if not isinstance(found, dict):
        raise ValueError(f"{file.name} holds a {type(found).__name__}, not tensors by name; {instead}")
    others = [str(name) for name, value in found.items() if not isinstance(value, Tensor)]
    if others:
        raise ValueError(f"{file.name} holds more than tensors by name: {', '.join(others)}; {instead}")
    return found


def in_float32(network: nn.Module) -> nn.Module:
    """The network itself. Raises TypeError when a parameter is in another precision: every exporter would get it."""
    for name, parameter in network.named_parameters():
        if parameter.is_floating_point() and parameter.dtype != torch.float32:
            raise TypeError(
                f"build() returns a model in another precision than float32: parameter {name} is {parameter.dtype}. "
                "Return it in float32 (model.float()): narrower precisions are variants, which the exporters make"
            )
    return network


@torch.no_grad()
def answer(network: nn.Module, spec: Any, sample: dict[str, np.ndarray], dtype: torch.dtype) -> dict[str, np.ndarray]:
    inputs = [torch.tensor(sample[declared.name]) for declared in spec.inputs]
    outputs = network(*(tensor.to(dtype) if tensor.is_floating_point() else tensor for tensor in inputs))
    tensors = (outputs,) if isinstance(outputs, Tensor) else outputs
    names = [declared.name for declared in spec.outputs]
    answers = dict(zip(names, tensors, strict=True))
    for name, tensor in answers.items():
        if tensor.is_floating_point() and tensor.dtype != dtype:
            raise TypeError(f"output {name!r} is {tensor.dtype} in a model of {dtype}: its code holds a cast")
    return {name: tensor.numpy() for name, tensor in answers.items()}


def on_threads(network: nn.Module, spec: Any, threads: int) -> Iterator[dict[str, np.ndarray]]:
    torch.set_num_threads(threads)
    try:
        for sample in spec.samples:
            yield answer(network, spec, sample, torch.float32)
    finally:
        use_declared_threads()


def without_onednn(network: nn.Module, spec: Any) -> Iterator[dict[str, np.ndarray]]:
    """With PyTorch's own kernels, which add up otherwise than oneDNN's."""
    for sample in spec.samples:
        with torch.backends.mkldnn.flags(enabled=False):
            yield answer(network, spec, sample, torch.float32)


def in_one_batch(network: nn.Module, spec: Any) -> list[dict[str, np.ndarray]]:
    """All samples at once. Raises ValueError where the first axis of an output is not that of the samples."""
    names = [declared.name for declared in spec.inputs]
    together = {name: np.concatenate([sample[name] for sample in spec.samples]) for name in names}
    arrays = answer(network, spec, together, torch.float32)
    parts = {name: np.split(array, len(spec.samples)) for name, array in arrays.items()}
    return [{name: part[index] for name, part in parts.items()} for index in range(len(spec.samples))]


def use_declared_threads() -> None:
    """Split operators over DEPLOYMATRIX_THREADS cores: other tasks may have the rest of them."""
    torch.set_num_threads(int(os.environ.get("DEPLOYMATRIX_THREADS", torch.get_num_threads())))


def batch(spec: Any) -> list[Tensor]:
    """The ordinary samples as one batch, a tensor for each declared input: shape (ORDINARY * first dimension, …)."""
    samples = spec.samples[:ORDINARY]
    arrays = [np.concatenate([sample[declared.name] for sample in samples]) for declared in spec.inputs]
    return [torch.tensor(array) for array in arrays]


@torch.no_grad()
def calibrate(network: nn.Module, inputs: list[Tensor]) -> None:
    """Set the initial weights, first layer to last, so that signal survives the whole depth of the network.

    One pass over the batch of the ordinary samples, in the order of execution; axis 0 of every input must be the
    batch. A layer's weight is scaled so that its product has unit standard deviation (LSUV, Mishkin and Matas 2016,
    https://arxiv.org/abs/1511.06422); a batch normalisation gets its input's mean and variance, as training would give
    it. A weight that two layers share is scaled at its first use.
    """
    seen: set[Tensor] = set()
    hooks = []
    for layer in network.modules():
        if isinstance(layer, NORMALISED) and layer.running_mean is not None:
            hooks.append(layer.register_forward_pre_hook(take_statistics))
        elif isinstance(layer, WEIGHTED):
            hooks.append(layer.register_forward_hook(lambda *call: normalise(*call, seen)))
    network(*inputs)
    for hook in hooks:
        hook.remove()


def take_statistics(layer: nn.Module, inputs: tuple[Tensor, ...]) -> None:
    axes = [axis for axis in range(inputs[0].ndim) if axis != 1]
    layer.running_mean.copy_(inputs[0].mean(dim=axes))
    layer.running_var.copy_(inputs[0].var(dim=axes))


def normalise(layer: nn.Module, inputs: tuple[Tensor, ...], output: Tensor, seen: set[Tensor]) -> Tensor:
    """Rescale `layer`, all but its bias, and answer with what it gives then."""
    if layer.weight in seen:
        return output
    seen.add(layer.weight)
    bias = getattr(layer, "bias", None)
    if bias is None:
        layer.weight.div_(output.std())
    else:
        layer.weight.div_((output - bias.view(-1, *[1] * (layer.weight.ndim - 2))).std())
    return layer.forward(*inputs)
