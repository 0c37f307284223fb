"""How PyTorch models are built, frozen, opened and answered for: in the `torch` environment.

A model is an nn.Module. What open() returns takes its inputs by position, in the order of model.toml, and returns a
tensor or a tuple of tensors in the order of model.toml, whatever the model itself takes and gives (answers.py).
"""

from __future__ import annotations

import functools
import importlib.util
import os
import pickle
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
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
ROUNDINGS = 2  # models with weights rounded otherwise, where nothing else tells how accurate float32 is


def beside(name: str) -> Any:
    """The module of a file of this folder, which is no place to import from: a model may have one of that name."""
    path = Path(__file__).parent / f"{name}.py"
    known = f"deploymatrix_torch_{name}"
    if getattr(sys.modules.get(known), "__file__", None) != str(path):
        spec = importlib.util.spec_from_file_location(known, path)
        assert spec is not None and spec.loader is not None
        sys.modules[known] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[known])
    return sys.modules[known]


answers, calibration, precision = beside("answers"), beside("calibration"), beside("precision")


def freeze(model: ModuleType, spec: Any, weights: Path) -> None:
    """Build the model from its seed, load the weights that it is given, if any, or train or calibrate it as it asks.

    A model.py with train(network) trains it, in training mode, once: what it leaves is frozen. Saves
    `weights/model.safetensors`.
    """
    use_declared_threads()
    torch.manual_seed(spec.seed)
    network = in_float32(model.build()).eval()
    if model.given_weights is not None:
        take_weights(network, model.given_weights)
    if hasattr(model, "train"):
        model.train(network.train())
        network.eval()
    if spec.calibrate:
        ask = functools.partial(answers.asked, network, spec)
        ordinary = [tensors_of(spec, sample) for sample in spec.samples[:ORDINARY]]
        calibration.calibrate(network, ask, batch(spec), lambda: [answers.declared(ask(s), spec) for s in ordinary])
    weights.mkdir(parents=True, exist_ok=True)
    save_model(network, str(weights / FILE))
    answers.note(network, spec, tensors_of(spec, spec.samples[0]), weights)


def open(model: ModuleType, spec: Any, weights: Path) -> nn.Module:
    """The model with its frozen float32 weights, in evaluation mode and without gradients.

    Raises RuntimeError when the file's tensors are not exactly the model's.
    """
    use_declared_threads()
    network = in_float32(model.build()).eval().requires_grad_(False)
    load_model(network, str(weights / FILE), strict=True)
    return answers.opened(network, spec, weights)


def reference(model: ModuleType, spec: Any, weights: Path, dtype: str) -> list[dict[str, np.ndarray]]:
    """Eager outputs of each sample by declared name, computed throughout in `dtype`, float64 or float32.

    Where there is no reference in float64, that of float32 stands for it: yardstick().
    """
    plan = planned(model, spec, weights) if dtype == "float64" else "plain"
    if plan == "float32":
        return [widened(sample) for sample in reference(model, spec, weights, "float32")]
    network = open(model, spec, weights).to(getattr(torch, dtype))
    lifting = precision.Lifting(torch.float64, halves=has_halves(spec)) if plan == "lifted" else None
    with precision.on(lifting) if lifting else nullcontext():
        return [answer(network, spec, sample, getattr(torch, dtype)) for sample in spec.samples]


def yardstick(model: ModuleType, spec: Any, weights: Path) -> str:
    """The dtype that the float64 reference truly has: "float32" where the model's code rounds and cannot be kept from
    it.
    """
    return "float32" if planned(model, spec, weights) == "float32" else "float64"


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
    if planned(model, spec, weights) == "float32":
        roundings = range(1, ROUNDINGS + 1)
        rounded = {f"rounding-{i}": functools.partial(rounded_otherwise, model, spec, weights, i) for i in roundings}
        return {**rounded, **offered}
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
    tensors = computed(network, inputs_in(spec, sample, dtype))
    return {declared.name: tensor.numpy() for declared, tensor in zip(spec.outputs, tensors, strict=True)}


def computed(network: nn.Module, inputs: list[Tensor]) -> tuple[Tensor, ...]:
    outputs = network(*inputs)
    return (outputs,) if isinstance(outputs, Tensor) else tuple(outputs)


def inputs_in(spec: Any, sample: dict[str, np.ndarray], dtype: torch.dtype) -> list[Tensor]:
    """A sample's tensors: of float64 for a network of float64, else as they are declared."""
    inputs = tensors_of(spec, sample)
    if dtype == torch.float64:
        return [tensor.to(dtype) if tensor.is_floating_point() else tensor for tensor in inputs]
    return inputs


def tensors_of(spec: Any, sample: dict[str, np.ndarray]) -> list[Tensor]:
    return [torch.tensor(sample[declared.name]) for declared in spec.inputs]


def planned(model: ModuleType, spec: Any, weights: Path) -> str:
    """How the float64 reference is computed, found out once for the file."""
    key = (weights, (weights / FILE).stat().st_mtime_ns)
    if key not in PLANS:

        def prepared(dtype: torch.dtype) -> Callable[[], tuple[Tensor, ...]]:
            network = open(model, spec, weights).to(dtype)
            return functools.partial(computed, network, inputs_in(spec, spec.samples[0], dtype))

        with torch.no_grad():
            PLANS[key] = precision.plan(prepared, halves=has_halves(spec))
    return PLANS[key]


PLANS: dict[tuple[Path, int], str] = {}


def has_halves(spec: Any) -> bool:
    """Tell whether float16 is what the model declares, and so no rounding of its own."""
    return any(tensor.dtype == "float16" for tensor in (*spec.inputs, *spec.outputs))


def widened(sample: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name: array.astype(np.float64) if array.dtype.kind == "f" else array for name, array in sample.items()}


def rounded_otherwise(model: ModuleType, spec: Any, weights: Path, seed: int) -> Iterator[dict[str, np.ndarray]]:
    """With every weight one step up or down, or as it is: what the rounding of each operation could come to."""
    network = open(model, spec, weights)
    generator = torch.Generator().manual_seed(seed)
    for weight in network.parameters():
        steps = torch.randint(-1, 2, weight.shape, generator=generator)
        weight.copy_(torch.nextafter(weight, weight + steps))
    for sample in spec.samples:
        yield answer(network, spec, sample, torch.float32)


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
    """The ordinary samples as one batch, a tensor for each declared input: shape (ORDINARY * first dimension, …).

    A scalar is not batched: it is that of the first sample.
    """
    samples = spec.samples[:ORDINARY]
    arrays = [[sample[declared.name] for sample in samples] for declared in spec.inputs]
    return [torch.tensor(np.concatenate(each) if each[0].ndim else each[0]) for each in arrays]
